//! The end of a file that has no newline yet.
//!
//! Agents write lines in pieces, and may end for good without a last newline. A JSON object ends
//! where its outermost brace closes and no longer object begins with it, so a tail is complete
//! exactly then: no timer decides, and what comes later can only be a newline. A tail that is no
//! object waits for its newline. Each byte is looked at once, however small the pieces are.

use super::print::Print;

/// What is known of an unfinished line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// Bytes of it that were looked at.
    pub(super) length: u64,
    /// Of the file up to the end of it: what was looked at may have been replaced since.
    pub(super) print: Print,
    depth: u32,
    shape: Shape,
    in_string: bool,
    escaped: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shape {
    /// Nothing but blanks so far.
    #[default]
    Blank,
    Open,
    /// The outermost brace was closed.
    Closed,
    /// No object, or something behind it.
    Other,
}

impl Tail {
    /// Takes what was appended.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.shape == Shape::Other {
            return;
        }
        for byte in bytes {
            self.step(*byte);
        }
    }

    /// Returns whether it is a whole JSON object.
    pub(super) fn is_complete(&self) -> bool {
        self.shape == Shape::Closed
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match (self.shape, byte) {
            (Shape::Blank | Shape::Closed, byte) if byte.is_ascii_whitespace() => {}
            (Shape::Blank, b'{') => (self.shape, self.depth) = (Shape::Open, 1),
            (Shape::Open, b'"') => self.in_string = true,
            (Shape::Open, b'{') => self.depth = self.depth.saturating_add(1),
            (Shape::Open, b'}') => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.shape = Shape::Closed;
                }
            }
            (Shape::Open, _) => {}
            _ => self.shape = Shape::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn complete(bytes: &[u8]) -> bool {
        let mut tail = Tail::default();
        tail.feed(bytes);
        tail.is_complete()
    }

    #[test]
    fn an_object_is_complete_where_its_outermost_brace_closes() {
        assert!(complete(br#"{"a":{"b":"}\"{"}}"#));
        assert!(complete(b" {} \r"));
        assert!(!complete(br#"{"a":{"b":1}"#));
        assert!(!complete(br#"{"a":"}"#));
        assert!(!complete(b""));
    }

    #[test]
    fn what_is_no_object_is_never_complete() {
        for bytes in [&b"1"[..], b"[{}]", b"}", b"{}}", b"{}{}", b"\0{}", b"\xff\xfe"] {
            assert!(!complete(bytes), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_part_of_an_object_is_complete(
            text in r#"\{"[a-z\\\\"{}]{0,3}":(1|"[{}\\\\n]{0,4}"|\{\})\}"#,
            cut in any::<prop::sample::Index>(),
        ) {
            prop_assume!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
            prop_assert!(complete(text.as_bytes()));
            prop_assert!(!complete(&text.as_bytes()[..cut.index(text.len())]));
        }

        #[test]
        fn pieces_make_no_difference(
            bytes in prop::collection::vec(prop::sample::select(b"{}\"\\ a\xff".to_vec()), 0..40),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut whole = Tail::default();
            whole.feed(&bytes);
            let (left, right) = bytes.split_at(cut.index(bytes.len() + 1));
            let mut pieces = Tail::default();
            pieces.feed(left);
            pieces.feed(right);
            prop_assert_eq!(whole, pieces);
        }
    }
}
