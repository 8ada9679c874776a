//! Makes captured text safe to show. A directory can be named with an escape sequence that clears
//! the screen, or with a control that turns the text around it; both are shown for what they are.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns `text` with everything that a terminal would act on, or not show, as a visible escape.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    // Most text is plain, and an export has much of it.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match char {
            '\n' => cleaned.push_str("\\n"),
            '\r' => cleaned.push_str("\\r"),
            '\t' => cleaned.push_str("\\t"),
            c if c.is_ascii() && is_unsafe(c) => {
                write!(cleaned, "\\x{:02x}", u32::from(c)).expect("a String takes all");
            }
            c if is_unsafe(c) => {
                write!(cleaned, "\\u{{{:x}}}", u32::from(c)).expect("a String takes all");
            }
            c => cleaned.push(c),
        }
    }
    Cow::Owned(cleaned)
}

/// Splits clean text into what must stay together: characters, and the escapes that stand for one.
/// Half of an escape reads like text that was captured.
#[must_use]
pub fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let (piece, after) = rest.split_at(escape(rest).unwrap_or(first.len_utf8()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Returns the length of the escape that `text` begins with.
fn escape(text: &str) -> Option<usize> {
    match text.as_bytes() {
        [b'\\', b'n' | b'r' | b't', ..] => Some(2),
        [b'\\', b'x', high, low, ..] if [high, low].iter().all(|d| d.is_ascii_hexdigit()) => {
            Some(4)
        }
        [b'\\', b'u', b'{', rest @ ..] => {
            let digits = rest.iter().take_while(|digit| digit.is_ascii_hexdigit()).count();
            (rest.get(digits) == Some(&b'}')).then_some(digits + 4)
        }
        _ => None,
    }
}

/// Whether a terminal would act on `char`, reorder text because of it, or show nothing for it.
#[must_use]
pub fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(char,
            // Soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul fillers.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            // Mongolian separators, zero-width characters, directional marks.
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators, embeddings, overrides, isolates, invisible operators.
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            // Musical format controls, tags and further variation selectors.
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_text_of_any_script_stays() {
        for text in ["/home/ann/src", "naïve 日本語 שלום", "a b"] {
            assert!(matches!(clean(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(clean("\x1b[2Jx\x07"), "\\x1b[2Jx\\x07");
        assert_eq!(clean("a\nb\r\tc\x7f\u{9b}1m"), "a\\nb\\r\\tc\\x7f\\u{9b}1m");
    }

    #[test]
    fn directional_and_invisible_characters_become_visible() {
        assert_eq!(clean("txt\u{202e}exe"), "txt\\u{202e}exe");
        assert_eq!(clean("a\u{200b}b\u{2066}c\u{feff}"), "a\\u{200b}b\\u{2066}c\\u{feff}");
    }

    #[test]
    fn an_escape_is_one_piece() {
        let text = clean("a\x1b\n\u{9b}é");
        assert_eq!(pieces(&text), ["a", "\\x1b", "\\n", "\\u{9b}", "é"]);
        assert_eq!(pieces(r"\xq1\u{zz}").concat(), r"\xq1\u{zz}");
        assert_eq!(pieces(r"\u{12"), ["\\", "u", "{", "1", "2"]);
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left_and_cleaning_twice_changes_nothing(text in any::<String>()) {
            let once = clean(&text).into_owned();
            prop_assert!(!once.chars().any(is_unsafe));
            prop_assert_eq!(clean(&once), once.as_str());
        }
    }
}
