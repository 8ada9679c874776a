//! Lines of JSON on their way out: as they came, unless a terminal would act on them.
//!
//! JSON escapes only what is below U+0020. Whatever else [`clean()`](super::clean()) shows as an
//! escape, a terminal gets as `\uXXXX`, which means the same to every reader of JSON. A pipe and a
//! file get the bytes as they were stored.

use std::fmt::Write as _;
use std::io::{self, Write};

use trackway_report::clean::is_unsafe;

/// Writes a line and its end.
pub(crate) fn write(line: &[u8], terminal: bool, out: &mut impl Write) -> io::Result<()> {
    if terminal {
        out.write_all(escaped(&String::from_utf8_lossy(line)).as_bytes())?;
    } else {
        out.write_all(line)?;
    }
    out.write_all(b"\n")
}

/// Returns JSON that means the same and has nothing in it that a terminal would act on.
pub(super) fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for char in json.chars() {
        match char {
            // Within a string JSON does not have them: they stand between values.
            '\t' | '\r' => escaped.push(' '),
            c if is_unsafe(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(escaped, "\\u{unit:04x}").expect("a String takes all");
                }
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::written;

    #[test]
    fn only_a_terminal_gets_escapes() {
        let line = "{\"cwd\":\"\u{9b}2J\u{7f}\u{202e}é\u{e0041}\"}";
        let shown = |terminal| written(|out| write(line.as_bytes(), terminal, out));
        assert_eq!(shown(false), format!("{line}\n"));
        assert_eq!(shown(true), "{\"cwd\":\"\\u009b2J\\u007f\\u202eé\\udb40\\udc41\"}\n");
    }

    #[test]
    fn bytes_that_are_no_text_do_not_reach_a_terminal() {
        assert_eq!(written(|out| write(b"\"\x9b2J\"", true, out)), "\"\u{fffd}2J\"\n");
    }

    proptest! {
        #[test]
        fn what_is_escaped_means_the_same_and_holds_nothing_unsafe(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let shown = escaped(&json);
            prop_assert!(!shown.chars().any(is_unsafe));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }
}
