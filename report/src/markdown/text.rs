//! The only ways for text that was captured to get into Markdown. Where it could become a link, a mention, an
//! element or a part of the layout, it is put into a code span, in which nothing acts.
//!
//! A backslash would not do: addresses, mentions and commits are linked where they are escaped as well.

use std::borrow::Cow;

use crate::clean::clean;

/// A blank at which no line is broken. Clean text has no such character.
pub(super) const HELD: char = '\0';
/// So many hexadecimal digits are taken for a commit.
const COMMIT: usize = 7;

/// Returns text as code: paths, names, values.
pub(super) fn code(text: &str) -> String {
    let text = clean(text);
    if text.trim().is_empty() {
        return "(empty)".into();
    }
    if !text.contains(['`', ' ']) {
        return ["`", &text, "`"].concat();
    }
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // One blank on either side is taken off by a reader.
    let is_padded = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if is_padded { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}").replace(' ', &HELD.to_string())
}

/// Returns text as code, or that it is not known.
pub(super) fn code_or_unknown(text: Option<&str>) -> String {
    text.map_or_else(|| "not known".into(), code)
}

/// Returns a sentence: its words, and as code those that could act.
pub(super) fn prose(text: &str) -> String {
    let text = clean(text);
    let is_plain = !text.is_empty() && text.split(' ').all(|word| !word.is_empty());
    if !is_plain {
        return code(&text);
    }
    let parts: Vec<&str> = text.split('`').collect();
    if !is_quoting(&parts) {
        return words(&text);
    }
    let part = |(at, part): (usize, &&str)| if at % 2 == 0 { words(part) } else { code(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Whether every other part is code already, with a blank before and after it or a stop.
fn is_quoting(parts: &[&str]) -> bool {
    let is_end = |word: &str| word.chars().all(|char| ".,;".contains(char));
    parts.len() % 2 == 1
        && parts.iter().enumerate().all(|(at, part)| match at {
            _ if at % 2 == 1 => !part.trim().is_empty(),
            0 => part.is_empty() || part.ends_with(' '),
            _ if at + 1 == parts.len() => part.split(' ').next().is_some_and(is_end),
            _ => part.ends_with(' ') && part.split(' ').next().is_some_and(is_end),
        })
}

fn words(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, each) in text.split(' ').enumerate() {
        if at > 0 {
            shown.push(' ');
        }
        shown.push_str(&word(each));
    }
    shown
}

fn word(word: &str) -> Cow<'_, str> {
    let is_end = word.chars().all(|char| ".,;".contains(char));
    if is_end || is_harmless(word) {
        return word.into();
    }
    // The sentence's own stop is no part of the name before it.
    match word.split_at_checked(word.len() - 1) {
        Some((bare, stop @ (":" | "," | ";" | ".")))
            if bare.starts_with(char::is_alphanumeric) && !is_harmless(bare) =>
        {
            format!("{}{stop}", code(bare)).into()
        }
        _ => code(word).into(),
    }
}

/// Returns a sentence, or that it is not known.
pub(super) fn prose_or_unknown(text: Option<&str>) -> String {
    text.map_or_else(|| "not known".into(), prose)
}

/// Returns texts as code, with commas between.
pub(super) fn codes<T: AsRef<str>>(texts: &[T]) -> String {
    texts.iter().map(|text| code(text.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Whether a word is but a word wherever it stands.
fn is_harmless(word: &str) -> bool {
    let is_amount = |char: char| char.is_ascii_digit() || matches!(char, ',' | '.');
    if word == "%" || word.strip_prefix('$').is_some_and(|rest| rest.chars().all(is_amount)) {
        return true;
    }
    let bare = word.strip_suffix(':').unwrap_or(word);
    let is_word = |char: char| char.is_alphanumeric() || "-.,'()/;?=\"".contains(char);
    // Neither is in a word of letters alone, which most are.
    let lower = if bare.contains(['.', '-']) { bare.to_lowercase() } else { String::new() };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_commit =
        |text: &str| text.len() >= COMMIT && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    bare.starts_with(|char: char| char.is_alphanumeric() || "(\"'".contains(char))
        && bare.chars().all(is_word)
        && !lower.contains("www.")
        && !lower.contains("gh-")
        && !bare.split(|char: char| !char.is_alphanumeric()).any(is_commit)
        // Some readers take any name with a dot for that of a host.
        && !bare.split('.').skip(1).any(|part| part.starts_with(char::is_alphabetic))
        // The number of an item.
        && !bare.strip_suffix(['.', ')']).is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.replace(HELD, " ")
    }

    #[test]
    fn code_ends_only_where_it_is_meant_to() {
        let codes =
            ["a b", "a`b", "``", "x`", " a", "a\nb", "", "  "].map(|text| shown(&code(text)));
        let meant = [
            "`a b`",
            "``a`b``",
            "``` `` ```",
            "`` x` ``",
            "`  a `",
            "`a\\nb`",
            "(empty)",
            "(empty)",
        ];
        assert_eq!(codes, meant);
    }

    #[test]
    fn ordinary_sentences_stay_as_they_are() {
        for text in [
            "claude and codex ran in 5 repositories: 57 launches, 43 sessions.",
            "worth $131.48 at API prices, 99.2 % of it \"so\" (naïve 日本語)",
            "codex 0.169.0: it ran (so it says).",
        ] {
            assert_eq!(prose(text), text);
        }
    }

    #[test]
    fn what_is_code_already_stays_code() {
        let text = "See `trackwayctl gaps` or `a_b`; so.";
        assert_eq!(shown(&prose(text)), text);
        assert_eq!(shown(&prose("so `a``b` it")), "so ``` `a``b` ``` it");
        assert_eq!(shown(&prose("<`a` b")), "`` <`a` `` b");
    }

    #[test]
    fn words_that_could_act_become_code() {
        for word in [
            "<b>",
            "[a](b)",
            "![a]",
            "@ann",
            "a@b.org",
            "#12",
            "o/r#12",
            "GH-12",
            "http://a.org",
            "www.a.org",
            "a_b_",
            "*a*",
            "~a~",
            "|",
            "&amp;",
            "$x$",
            ":tada:",
            "\\",
            "1.",
            "23)",
            "-",
            "+",
            "===",
            ">",
            "0123abc",
            "5f2b9c0d7e1a48863b1d2c4e6f708192a3b4c5d6",
            "!1",
            "a\u{202e}b",
        ] {
            let text = format!("so {word} it");
            assert_eq!(shown(&prose(&text)), format!("so `{}` it", clean(word)));
        }
        let told = shown(&prose("Most went on in github.com/ann/loom: 12 h"));
        assert_eq!(told, "Most went on in `github.com/ann/loom`: 12 h");
        assert_eq!(shown(&prose(" a  b")), "`  a  b `");
    }
}
