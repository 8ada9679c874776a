//! What is told of the configuration of agents: a change, a setting, and how much of a risk they are.
//!
//! Keys and values come from other people's files, repositories included. They are cleaned like all
//! that was captured, and they have an end even where nothing else is shortened: `--json` has all.

use serde_json::Value;
use trackway_protocol::record::{ConfigChange, ConfigChanged, Risk};

use super::table::Tone;
use super::text::{UNKNOWN, count, elide, number, quoted, shortened};
use super::{View, clean};

pub(crate) mod changes;
pub(crate) mod findings;
pub(crate) mod settings;

/// How many columns a key or a value takes at most on a terminal.
const SHORT: usize = 60;
/// How many columns a key, a value or a sentence takes at most anywhere.
const LONG: usize = 400;

/// Returns what a risk's colour says.
pub(super) fn tone(risk: Risk) -> Tone {
    match risk {
        Risk::High => Tone::Bad,
        Risk::Medium => Tone::Warning,
        Risk::Low => Tone::Plain,
        Risk::None => Tone::Faint,
    }
}

/// Returns the tone of a line among many of other kinds: only what is worth asking about has one.
pub(super) fn alarm(risk: Risk) -> Tone {
    if risk >= Risk::Medium { tone(risk) } else { Tone::Plain }
}

/// Returns the greatest risk of some changes.
pub(super) fn greatest(changes: &[ConfigChange]) -> Risk {
    changes.iter().map(|change| change.risk).max().unwrap_or_default()
}

/// Returns what a record says of a file, and of the change that matters most.
pub(super) fn told(changed: &ConfigChanged, view: &View) -> String {
    let mut text = file(&changed.agent, &changed.file, &view.path(&changed.path));
    if changed.found {
        text += ", found";
    }
    if changed.state != "present" {
        text += &format!(", {}", clean(&changed.state));
    }
    if let Some(why) = &changed.unreadable {
        text += &format!(" ({})", sentence(why));
    }
    // Of several that matter alike, the first.
    let worst = changed.changes.iter().rev().max_by_key(|change| change.risk);
    let more = (changed.changes.len() as u64).saturating_sub(1).saturating_add(changed.left_out);
    match (worst, more) {
        (None, 0) => text,
        (None, more) => format!("{text}: {} not told", count(more, "change", "changes")),
        (Some(worst), more) => {
            text += &format!(": {}", Change::from(worst).told(view));
            if !worst.risk.is_none() {
                text += &format!(" ({})", worst.risk);
            }
            if more > 0 {
                text += &format!(", +{} more", number(more));
            }
            text
        }
    }
}

/// Returns whose file it is, what it is and where; `path` is clean.
fn file(agent: &str, file: &str, path: &str) -> String {
    format!("{} {} {path}", clean(agent), clean(file))
}

/// What changed, wherever it is told.
struct Change<'c> {
    key: &'c str,
    what: &'c str,
    before: Option<&'c Value>,
    after: Option<&'c Value>,
}

impl<'c> From<&'c ConfigChange> for Change<'c> {
    fn from(change: &'c ConfigChange) -> Self {
        let ConfigChange { key, what, before, after, .. } = change;
        Self { key, what, before: before.as_ref(), after: after.as_ref() }
    }
}

impl Change<'_> {
    /// Returns it in a line: `key = now`, `key: before → now`, `+ key one`, `key unset`.
    fn told(&self, view: &View) -> String {
        let name = key(self.key, view);
        let [before, after] =
            [self.before, self.after].map(|side| side.map(|side| value(side, view)));
        let unknown = || UNKNOWN.to_owned();
        match (self.what, before, after) {
            ("set", _, Some(after)) => format!("{name} = {after}"),
            ("added", _, after) => format!("+ {name} {}", after.unwrap_or_else(unknown)),
            ("removed", before, _) => format!("- {name} {}", before.unwrap_or_else(unknown)),
            ("unset", Some(before), _) => format!("{name} unset, was {before}"),
            (what, None, None) => format!("{name} {}", sentence(what)),
            (_, before, after) => {
                let sides = [before, after].map(|side| side.unwrap_or_else(unknown));
                format!("{name}: {}", sides.join(" → "))
            }
        }
    }
}

/// Returns a setting in a line; a value that is not kept is only known to be there.
pub(super) fn setting(name: &str, says: Option<&Value>, view: &View) -> String {
    let key = key(name, view);
    match says {
        Some(says) => format!("{key} = {}", value(says, view)),
        // Of the file itself nothing is set.
        None if name.starts_with('@') => key,
        None => format!("{key} = (set)"),
    }
}

fn key(key: &str, view: &View) -> String {
    elide(&clean(key), end(view))
}

/// Returns a value as one reads it: a text as one would type it, all else as JSON.
fn value(value: &Value, view: &View) -> String {
    let text = match value {
        Value::String(text) => quoted(text),
        other => clean(&other.to_string()).into_owned(),
    };
    shortened(&text, end(view))
}

fn end(view: &View) -> usize {
    if view.width.is_some() { SHORT } else { LONG }
}

/// Returns what the daemon says of a setting.
pub(super) fn sentence(text: &str) -> String {
    shortened(&clean(text), LONG)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// What a file can say to be taken for something else, or to act.
    pub(in crate::render) fn hostile() -> String {
        format!("\x1b[2J\u{202e}\n{}", "x".repeat(100_000))
    }

    /// Claims that nothing of [`hostile`] is left that acts, and that it has an end.
    pub(in crate::render) fn assert_harmless(text: &str) {
        assert!(!text.contains(['\x1b', '\u{202e}', '\r']), "{text}");
        assert!(text.contains(r"\x1b[2J\u{202e}\n"), "{text}");
        assert!(text.len() < 16_000, "{}", text.len());
    }

    fn change(key: &str, what: &str, sides: [Option<Value>; 2], risk: Risk) -> ConfigChange {
        let [before, after] = sides;
        let (key, what) = (key.into(), what.into());
        ConfigChange { key, what, before, after, risk, why: None }
    }

    fn line(what: &str, sides: [Option<Value>; 2]) -> String {
        Change::from(&change("a.b", what, sides, Risk::None)).told(&View::plain())
    }

    #[test]
    fn a_change_is_told_in_a_line() {
        let (one, two) = (|| Some(json!("default")), || Some(json!("plan")));
        for (what, sides, told) in [
            ("changed", [one(), two()], "a.b: default → plan"),
            ("changed", [None, two()], "a.b: ? → plan"),
            ("changed", [None, None], "a.b changed"),
            ("set", [None, two()], "a.b = plan"),
            ("set", [None, None], "a.b set"),
            ("unset", [one(), None], "a.b unset, was default"),
            ("unset", [None, None], "a.b unset"),
            ("added", [None, Some(json!("Bash(npm run *)"))], "+ a.b 'Bash(npm run *)'"),
            ("removed", [one(), None], "- a.b default"),
            ("added", [None, None], "+ a.b ?"),
            ("frozen\x1b", [None, None], "a.b frozen\\x1b"),
            ("frozen", [one(), two()], "a.b: default → plan"),
        ] {
            assert_eq!(line(what, sides), told);
        }
    }

    #[test]
    fn a_text_is_not_taken_for_more_than_one_and_all_else_is_json() {
        let says = |says| setting("a.b", Some(&says), &View::plain());
        assert_eq!(says(json!("plan → bypass (none)")), "a.b = 'plan → bypass (none)'");
        assert_eq!(says(json!("(set)")), "a.b = '(set)'");
        assert_eq!(says(json!("")), "a.b = ''");
        assert_eq!(says(json!(true)), "a.b = true");
        assert_eq!(says(json!(["a", {"b": "\u{202e}\n"}])), r#"a.b = ["a",{"b":"\u{202e}\n"}]"#);
        assert_eq!(setting("a.b", None, &View::plain()), "a.b = (set)");
        assert_eq!(setting("@link", None, &View::plain()), "@link");
    }

    #[test]
    fn keys_and_values_have_an_end() {
        let value = json!(hostile());
        let short = setting(&hostile(), Some(&value), &View::plain());
        assert_eq!(short.chars().count(), 2 * SHORT + 3);
        let long = setting(&hostile(), Some(&value), &View::piped());
        assert_eq!(long.chars().count(), 2 * LONG + 3);
        assert_harmless(&long);
    }

    #[test]
    fn a_record_is_told_by_the_change_that_matters_most() {
        let mut changed = ConfigChanged {
            agent: "claude".into(),
            file: "settings".into(),
            path: "/home/ann/src/x/.claude/settings.json".into(),
            state: "present".into(),
            changes: vec![
                change("model", "set", [None, Some(json!("opus"))], Risk::None),
                change("mode", "set", [None, Some(json!("bypassPermissions"))], Risk::High),
                change("other", "set", [None, Some(json!(1))], Risk::High),
            ],
            ..ConfigChanged::default()
        };
        let told = |changed: &ConfigChanged| super::told(changed, &View::plain());
        let file = "claude settings ~/src/x/.claude/settings.json";
        assert_eq!(told(&changed), format!("{file}: mode = bypassPermissions (high), +2 more"));
        assert_eq!(greatest(&changed.changes), Risk::High);

        changed.changes.truncate(1);
        changed.found = true;
        assert_eq!(told(&changed), format!("{file}, found: model = opus"));
        changed.left_out = 2000;
        assert_eq!(told(&changed), format!("{file}, found: model = opus, +2,000 more"));

        changed.changes.clear();
        assert_eq!(told(&changed), format!("{file}, found: 2,000 changes not told"));
        changed.left_out = 0;
        assert_eq!(told(&changed), format!("{file}, found"));
        changed.found = false;
        changed.state = "absent".into();
        assert_eq!(told(&changed), format!("{file}, absent"));
        changed.state = "unreadable".into();
        changed.unreadable = Some("line 1, column 2\x1b".into());
        assert_eq!(told(&changed), format!("{file}, unreadable (line 1, column 2\\x1b)"));
    }

    #[test]
    fn a_record_of_a_hostile_file_is_a_harmless_line() {
        let [key, value] = [hostile(), hostile()];
        let changed = ConfigChanged {
            agent: "a\x1b".into(),
            file: "f\x1b".into(),
            path: "/home/ann/\u{202e}".into(),
            state: "s\x1b".into(),
            unreadable: Some(hostile()),
            changes: vec![change(&key, "set", [None, Some(json!(value))], Risk::Low)],
            ..ConfigChanged::default()
        };
        assert_harmless(&told(&changed, &View::plain()));
        assert_harmless(&told(&changed, &View::piped()));
    }
}
