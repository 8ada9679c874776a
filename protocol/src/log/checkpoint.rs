//! What a checkpoint says: the text of C2SP `tlog-checkpoint`.
//!
//! Three lines: the log's origin, how many leaves its tree has, and the root in base64. A fourth, which
//! the format calls an extension, says when: a ledger that says nothing for a week was there all week.

use super::Hash;
use crate::ids::Timestamp;

/// The state of a log at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name that stands in its key as well.
    pub origin: String,
    /// How many records it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// When that was, by the machine's clock; none in another program's checkpoint.
    pub at: Option<Timestamp>,
}

/// What the extension line begins with.
const TIME: &str = "time ";

impl Checkpoint {
    /// Returns the text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { origin, size, root, at } = self;
        let mut text = format!("{origin}\n{size}\n{root}\n");
        if let Some(at) = at {
            text.push_str(&format!("{TIME}{at}\n"));
        }
        text
    }

    /// Reads a text; none where it is no checkpoint's. Lines that are not known are left alone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty())?.to_owned();
        let size = number(lines.next()?)?;
        let root = Hash::from_base64(lines.next()?)?;
        let mut at = None;
        for line in lines {
            if line.is_empty() {
                return None;
            }
            at = at.or_else(|| line.strip_prefix(TIME)?.parse().ok());
        }
        Some(Self { origin, size, root, at })
    }
}

/// Reads a decimal number as the format wants it: no sign, no zero in front.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let at = Some(Timestamp::from_ms(1_795_436_453_007));
        Checkpoint { origin: "trackway/ab".into(), size: 7, root: Hash::of_leaf(b"x"), at }
    }

    #[test]
    fn a_checkpoint_is_read_as_it_is_written() {
        let at = checkpoint();
        assert_eq!(Checkpoint::parse(&at.text()), Some(at.clone()));
        let without = Checkpoint { at: None, ..at };
        assert_eq!(Checkpoint::parse(&without.text()), Some(without.clone()));
        let more = format!("{}extension of somebody else\n", without.text());
        assert_eq!(Checkpoint::parse(&more), Some(without));
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let text =
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let read = Checkpoint::parse(text).unwrap();
        assert_eq!((&*read.origin, read.size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(read.text(), text);
    }

    #[test]
    fn what_is_no_checkpoint_is_none() {
        let text = checkpoint().text();
        for text in [
            "",
            "\n",
            "a\n1\n",
            text.trim_end(),
            &text.replace("7\n", "07\n"),
            &text.replace("7\n", "+7\n"),
            &text.replace("7\n", "-1\n"),
            &text.replace("7\n", "18446744073709551616\n"),
            &text.replace("trackway/ab", ""),
            &format!("{text}\n"),
        ] {
            assert_eq!(Checkpoint::parse(text), None, "{text:?}");
        }
    }
}
