//! Small pieces of text: places, ids, numbers, words for what is unknown.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trackway_protocol::ids::LaunchId;
use unicode_width::UnicodeWidthStr as _;

use super::{View, clean};
use trackway_report::clean::pieces;
pub(crate) use trackway_report::words::{count, number};

/// Stands for what is not known, in a table.
pub(crate) const UNKNOWN: &str = "?";
/// Stands for what does not apply.
pub(crate) const NOT_APPLICABLE: &str = "-";

/// The shortest end of a path that tells anything.
const LEAST_END: usize = 4;
/// The shortest id that is shown.
const SHORT_ID: usize = 8;

impl View {
    /// Returns a captured path, clean and with `~` for home.
    pub(crate) fn path(&self, path: &str) -> String {
        let short = self.home.as_deref().filter(|home| *home != "/").and_then(|home| {
            let rest = path.strip_prefix(home)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("~{rest}"))
        });
        clean(short.as_deref().unwrap_or(path)).into_owned()
    }
}

/// Returns captured text, clean, or `?`.
pub(crate) fn known(text: Option<&str>) -> String {
    text.map_or(UNKNOWN.into(), |text| clean(text).into_owned())
}

/// Returns how many characters of `ids` tell them apart, 8 at least.
///
/// A launch's id is a hash: of two, the first characters differ already.
pub(crate) fn id_length(ids: impl IntoIterator<Item = impl ToString>) -> usize {
    let mut ids: Vec<_> = ids.into_iter().map(|id| id.to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    // Once sorted, the most alike are neighbours.
    let alike = ids.windows(2).map(|pair| common(&pair[0], &pair[1])).max();
    alike.map_or(SHORT_ID, |alike| SHORT_ID.max(alike + 1))
}

fn common(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count()
}

/// Returns the first `length` characters of an id.
pub(crate) fn short_id(id: impl ToString, length: usize) -> String {
    id.to_string().chars().take(length).collect()
}

/// Returns an id as short as it is shown where no other is at hand to tell it from.
pub(crate) fn lone_id(id: LaunchId) -> String {
    short_id(id, SHORT_ID)
}

/// Returns a size in bytes in its greatest decimal unit: `3.4 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        (tenths, unit) = (tenths / 1000, unit + 1);
    }
    format!("{}.{} {}", number(tenths / 10), tenths % 10, UNITS[unit])
}

/// Returns the first `most` of some texts, and how many more there are.
pub(crate) fn listed(texts: impl IntoIterator<Item = String>, most: usize) -> String {
    let mut texts = texts.into_iter();
    let mut shown: Vec<String> = texts.by_ref().take(most).collect();
    let more = texts.count();
    if more > 0 {
        shown.push(format!("… {} more", number(more as u64)));
    }
    shown.join(", ")
}

/// Returns clean text in lines of at most `width` columns, broken between words.
pub(crate) fn wrapped(text: &str, width: Option<u16>) -> String {
    let Some(width) = width.map(usize::from) else { return text.to_owned() };
    let (mut lines, mut taken) = (String::with_capacity(text.len()), 0);
    for word in text.split(' ') {
        if taken > 0 && taken + 1 + word.width() > width {
            lines.push('\n');
            taken = 0;
        } else if taken > 0 {
            lines.push(' ');
            taken += 1;
        }
        lines += word;
        taken += word.width();
    }
    lines
}

/// Returns an argument as one would type it: quoted where the shell would take it apart.
pub(crate) fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/.,:@%+~<>".contains(c);
    let argument = clean(argument);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.into_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

/// Returns clean `text` in at most `width` columns: the first name of a path and as much of its end as
/// fits.
pub(crate) fn elide(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let head = first_name(text, width);
    let room = width.saturating_sub(head.width() + 1);
    let tail = end_of(text, if head.is_empty() || room >= LEAST_END { room } else { 0 });
    // Whole names read better than the rest of one, unless that would cost most of what fits.
    let tail = match tail.find('/') {
        Some(slash) if slash * 2 < tail.len() => &tail[slash..],
        _ => tail,
    };
    format!("{head}…{tail}")
}

/// How often texts that have become alike are told apart again.
const ROUNDS: usize = 4;

/// Returns clean `texts` in at most `width` columns each, two different ones hardly ever alike where the
/// width allows it: of those that would be, what they begin with in common gives way.
pub(crate) fn elide_apart(texts: &[String], width: usize) -> Vec<String> {
    let mut short: HashMap<&str, String> =
        texts.iter().map(|text| (text.as_str(), elide(text, width))).collect();
    // What was told apart may now be like a third; hardly ever more than once.
    for _ in 0..ROUNDS {
        let mut alike = BTreeMap::<String, BTreeSet<&str>>::new();
        for (text, short) in &short {
            alike.entry(short.clone()).or_default().insert(text);
        }
        if alike.values().all(|group| group.len() == 1) {
            break;
        }
        for (elided, group) in alike {
            tell_apart(&elided, &group.into_iter().collect::<Vec<_>>(), width, &mut short);
        }
    }
    texts.iter().map(|text| short[text.as_str()].clone()).collect()
}

/// Shortens sorted texts of which all would be `elided`.
fn tell_apart<'t>(
    elided: &str,
    texts: &[&'t str],
    width: usize,
    short: &mut HashMap<&'t str, String>,
) {
    let [first, .., last] = texts else {
        short.extend(texts.iter().map(|text| (*text, elided.to_owned())));
        return;
    };
    // Sorted: what the outermost have in common, all have.
    let (first, last) = (pieces(first), pieces(last));
    let common = first.iter().zip(&last).take_while(|(one, other)| one == other).count();
    let rest = |text: &str| pieces(text)[common..].concat();
    let cut = |text: &&str| shortened(&format!("…{}", rest(text)), width);
    for group in texts.chunk_by(|one, other| cut(one) == cut(other)) {
        // What is not told apart by its first characters is not, at any width.
        if group.len() == texts.len() {
            short.extend(group.iter().map(|text| (*text, elided.to_owned())));
        } else {
            tell_apart(&cut(&group[0]), group, width, short);
        }
    }
}

/// Returns the first name of a path with its slash, where that leaves room for what matters: below
/// the root or home the end does, below a repository's name the name itself.
fn first_name(path: &str, width: usize) -> &str {
    let slash = path.char_indices().skip(1).find(|(_, char)| *char == '/');
    let name = slash.map_or("", |(slash, _)| &path[..=slash]);
    let rest = if path.starts_with(['/', '~']) { 1 + LEAST_END } else { 1 };
    if name.width() + rest > width { "" } else { name }
}

/// Returns clean `text` in at most `width` columns: its beginning.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut taken = 1;
    let fits = |piece: &&str| {
        taken += piece.width();
        taken <= width
    };
    pieces(text).into_iter().take_while(fits).chain(["…"]).collect()
}

/// Returns the longest end of `text` that takes at most `width` columns.
fn end_of(text: &str, width: usize) -> &str {
    let mut taken = 0;
    let mut start = text.len();
    for piece in pieces(text).into_iter().rev() {
        taken += piece.width();
        if taken > width {
            break;
        }
        start -= piece.len();
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn home_is_a_tilde_and_only_home() {
        let view = View::plain();
        assert_eq!(view.path("/home/ann"), "~");
        assert_eq!(view.path("/home/ann/src"), "~/src");
        assert_eq!(view.path("/home/anna/src"), "/home/anna/src");
        assert_eq!(view.path("/home/ann/\x1b[1m"), "~/\\x1b[1m");
        let root = View { home: Some("/".into()), ..view };
        assert_eq!(root.path("/etc"), "/etc");
    }

    #[test]
    fn ids_are_as_long_as_it_takes_to_tell_them_apart() {
        let id = |text: &str| text.parse::<LaunchId>().unwrap();
        let a = id("a1b2c3d4-0000-8000-8000-000000000001");
        let b = id("b1b2c3d4-0000-8000-8000-000000000001");
        let c = id("a1b2c3d4-0070-8000-8000-000000000001");
        assert_eq!(id_length([a, b, a]), 8);
        assert_eq!(id_length([a, b, c]), 12);
        assert_eq!(short_id(c, 12), "a1b2c3d4-007");
        assert_eq!(id_length([] as [LaunchId; 0]), 8);
    }

    #[test]
    fn numbers_are_grouped_and_counted() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "launch", "launches"), "1 launch");
        assert_eq!(count(1000, "launch", "launches"), "1,000 launches");
    }

    #[test]
    fn sizes_have_one_decimal() {
        for (size, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_999, "999.9 kB"),
            (3_449_000, "3.4 MB"),
            (u64::MAX, "18,446.7 PB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn arguments_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(quoted("--model=opus"), "--model=opus");
        assert_eq!(quoted("it's a\n"), r"'it'\''s a\n'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_long_path_keeps_its_beginning_and_its_end() {
        assert_eq!(elide("~/src/trackway", 14), "~/src/trackway");
        assert_eq!(elide("~/src/trackway/ctl/render", 18), "~/…/ctl/render");
        assert_eq!(elide("trackway/ctl/src/render", 16), "trackway/…render");
        assert_eq!(elide("trackway/ctl/src/render", 12), "trackway/…");
        assert_eq!(elide("/trackway/ctl/src/render", 12), "…/src/render");
        assert_eq!(elide("a-name-without-any-slash", 10), "…any-slash");
        assert_eq!(elide("~/日本語/日本語/日本語", 12), "~/…/日本語");
    }

    #[test]
    fn different_paths_stay_different() {
        let paths =
            ["~/src/alpha/crates/core/src", "~/src/beta/crates/core/src", "~/src/beta/x/core/src"];
        let texts = paths.map(String::from);
        assert_eq!(elide(paths[0], 14), elide(paths[1], 14));
        assert_eq!(elide_apart(&texts, 14), ["…alpha/crates…", "…beta/crates/…", "~/…/x/core/src"]);
        assert_eq!(elide_apart(&texts, 40), texts);
        assert_eq!(elide_apart(&[], 4), [""; 0]);
    }

    #[test]
    fn an_escape_is_not_cut() {
        let text = clean("~/a-long-name/\u{9b}2J");
        assert_eq!(elide(&text, 11), "~/…\\u{9b}2J");
        assert_eq!(elide(&text, 10), "~/…2J");
        assert_eq!(shortened(&clean("ab\x1b[2J"), 6), "ab…");
    }

    proptest! {
        #[test]
        fn of_an_escape_all_or_nothing_is_left(text in "[\u{80}-\u{9f}/]{0,20}", width in 1_usize..60) {
            for cut in [elide(&clean(&text), width), shortened(&clean(&text), width)] {
                let whole = |piece: &&str| piece.len() > 4 || ["/", "…"].contains(piece);
                prop_assert!(pieces(&cut).iter().all(whole), "{}", cut);
            }
        }

        #[test]
        fn different_texts_stay_different(
            texts in proptest::collection::vec("(~/)?([ab日]{1,3}/){0,8}[ab]{1,3}", 0..12),
            width in 8_usize..30,
        ) {
            let short = elide_apart(&texts, width);
            for (text, cut) in texts.iter().zip(&short) {
                prop_assert!(cut.width() <= width);
                for (other, other_cut) in texts.iter().zip(&short) {
                    prop_assert_eq!(text == other, cut == other_cut, "{} {}", text, other);
                }
            }
        }

        #[test]
        fn what_is_elided_fits(text in any::<String>(), width in 1_usize..40) {
            prop_assert!(elide(&clean(&text), width).width() <= width);
            prop_assert!(shortened(&clean(&text), width).width() <= width);
        }
    }
}
