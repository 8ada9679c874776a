//! The names of models, as vendors and those who resell them spell them.

/// Returns a model's name without what providers add to it: where it runs, its version there, its date,
/// the length of its window.
pub(super) fn plain(model: &str) -> String {
    let model = model.to_ascii_lowercase();
    let name = model.rsplit('/').next().unwrap_or_default();
    let name = name.rsplit_once("anthropic.").map_or(name, |(_, name)| name);
    let name = name.split(['[', '@']).next().unwrap_or_default();
    let name = match name.rsplit_once("-v") {
        Some((name, version)) if is_of(version, ":") => name,
        _ => name,
    };
    without_date(name).to_owned()
}

/// Takes off a date: `-20251101`, `-2026-04-01`.
fn without_date(name: &str) -> &str {
    for length in [9, 11] {
        let Some(at) = name.len().checked_sub(length) else { continue };
        let Some((rest, date)) = name.split_at_checked(at) else { continue };
        let digits = date.bytes().filter(u8::is_ascii_digit).count();
        if date.starts_with("-2") && is_of(&date[1..], "-") && digits == 8 {
            return rest;
        }
    }
    name
}

/// Whether a text is made of digits and some other characters.
fn is_of(text: &str, others: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_ascii_digit() || others.contains(char))
}

/// Whether a pattern names a model; `*` stands for anything.
pub(super) fn matches(pattern: &str, model: &str) -> bool {
    let mut parts = pattern.split('*');
    let (Some(first), model) = (parts.next(), model.to_ascii_lowercase()) else { return false };
    let Some(mut rest) = model.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, model) in
            [("a*", "a"), ("a*", "abc"), ("a*c", "abc"), ("*-b-*", "x-b-y"), ("a*b*c", "aXbYc")]
        {
            assert!(matches(pattern, model), "{pattern} {model}");
        }
        for (pattern, model) in [("a", "ab"), ("a*c", "ab"), ("ab*ba", "aba"), ("*b*", "ac")] {
            assert!(!matches(pattern, model), "{pattern} {model}");
        }
    }

    #[test]
    fn what_is_no_date_and_no_version_stays() {
        for name in ["gpt-5.1-codex-max", "claude-3-7-sonnet", "o4-mini", "a-v", "x-12345678"] {
            assert_eq!(plain(name), name);
        }
        assert_eq!(plain("gpt-5-2026-04-01"), "gpt-5");
        assert_eq!(plain("claude-sonnet-4-5-20250929-v1:0"), "claude-sonnet-4-5");
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic(pattern in ".{0,20}", model in ".{0,40}") {
            plain(&model);
            matches(&pattern, &model);
        }
    }
}
