//! A cell that does nothing.
//!
//! Spreadsheets take what begins with `=`, `+`, `-` or `@` for a formula, and a directory can be named
//! like one. Such a cell gets an apostrophe in front, which spreadsheets take for "this is text"; one
//! that begins with an apostrophe gets another, so that a program can take off one and has what was
//! there.

use std::borrow::Cow;

/// Returns a cell that no spreadsheet takes for a formula.
#[must_use]
pub fn harmless(cell: Cow<'_, str>) -> Cow<'_, str> {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\'' | '＝' | '＋' | '－' | '＠') => {
            format!("'{cell}").into()
        }
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_text_and_the_rest_stays() {
        for text in ["=cmd()", "+1", "-1+2", "@x", "\t=1", "\r=1", "'=1", "＝1"] {
            assert_eq!(harmless(text.into()), format!("'{text}"));
        }
        for text in ["", "a=1", "/home/ann", "1-2", "\"=1\""] {
            assert!(matches!(harmless(text.into()), Cow::Borrowed(same) if same == text));
        }
    }
}
