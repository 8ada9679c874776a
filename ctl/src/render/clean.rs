//! Makes captured text safe to show. A directory can be named with an escape sequence that clears
//! the screen, or with a control that turns the text around it; both are shown for what they are.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns `text` with everything that a terminal would act on, or not show, as a visible escape.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
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

/// Whether a terminal would act on `char`, reorder text because of it, or show nothing for it.
pub(super) fn is_unsafe(char: char) -> bool {
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

    proptest! {
        #[test]
        fn nothing_unsafe_is_left_and_cleaning_twice_changes_nothing(text in any::<String>()) {
            let once = clean(&text).into_owned();
            prop_assert!(!once.chars().any(is_unsafe));
            prop_assert_eq!(clean(&once), once.as_str());
        }
    }
}
