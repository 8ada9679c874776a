//! What holds of every page, whatever is in the report.

use serde::Deserialize as _;
use serde_json::Value;
use trackway_protocol::report::{RepoUse, ReportRange, Unknown};

use super::*;
use crate::clean::is_unsafe;
use crate::sample;

const HOSTILE: &str = "<script>alert(1)</script>\"><img src=x onerror='a()'>' onload=\"b()\n|c`\u{202e}\
                       =cmd()&lt;--><!--]]></style></title>\u{0}/http://example.org/../%s";

/// Elements that have no end.
const VOID: &[&str] = &["meta", "wbr"];

/// Returns the places of all strings of a value.
fn strings(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                strings(value, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(values) => {
            for (key, value) in values {
                strings(value, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// Returns a report in which everything that may be any text is hostile, and how often that is.
fn hostile() -> (Report, usize) {
    let mut value = serde_json::to_value(sample::report()).unwrap();
    let (mut places, mut replaced) = (Vec::new(), 0);
    strings(&value, "", &mut places);
    for place in places {
        let text = value.pointer_mut(&place).unwrap();
        let before = std::mem::replace(text, HOSTILE.into());
        if Report::deserialize(&value).is_ok() {
            replaced += 1;
        } else {
            // A time, an id, or a word of ours.
            *value.pointer_mut(&place).unwrap() = before;
        }
    }
    (serde_json::from_value(value).unwrap(), replaced)
}

/// Returns the tags of a page, having looked at whether they balance and each value of an attribute is
/// quoted.
fn tags(html: &str) -> Vec<String> {
    let html = html.strip_prefix("<!DOCTYPE html>").unwrap();
    let (mut open, mut tags) = (Vec::new(), Vec::new());
    for part in html.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag ends");
        assert!(tag == "style" || !text.contains(['"', '\'', '>']), "{text}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
            "{tag}"
        );
        while !attributes.is_empty() {
            let (key, rest) = attributes.split_once("=\"").expect("a value is quoted");
            assert!(key.trim().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{tag}");
            attributes = rest.split_once('"').expect("a value ends").1;
        }
        tags.push(tag.to_owned());
        if !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    tags
}

#[test]
fn nothing_that_was_captured_becomes_a_part_of_the_page() {
    let (report, replaced) = hostile();
    assert!(replaced > 250, "{replaced}");
    let html = render(&report);
    let tags = tags(&html);
    let of_sample = self::tags(&render(&sample::report()));
    let names = |tags: &[String]| {
        tags.iter().map(|tag| tag.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let known: std::collections::BTreeSet<String> = names(&of_sample).into_iter().collect();
    assert!(names(&tags).iter().all(|name| known.contains(name)));
    assert!(!html.contains("<script") && !html.contains("<img"));
    assert!(!html.chars().any(|char| char != '\n' && is_unsafe(char)));
    for tag in tags {
        // What is left of a value has no name of its own.
        let unquoted: String = tag.split('"').step_by(2).collect();
        assert!(!unquoted.contains(" on") && !unquoted.contains("src"), "{tag}");
        assert!(!tag.contains("href=") || tag.contains("href=\"#"), "{tag}");
    }
}

#[test]
fn nothing_is_fetched_run_or_styled_from_elsewhere() {
    let html = render(&sample::report());
    let tags = tags(&html);
    for tag in &tags {
        let name = tag.split(' ').next().unwrap();
        assert!(!["script", "link", "img", "iframe", "object", "use", "base"].contains(&name));
        assert!(
            !tag.contains(" style=") && !tag.contains(" src=") && !tag.contains(" on"),
            "{tag}"
        );
    }
    let sheet = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    assert!(!sheet.contains("url(") && !sheet.contains("@import") && !sheet.contains('<'));
    let hash = STANDARD.encode(Sha256::digest(sheet));
    assert!(html.contains(&format!("style-src &#39;sha256-{hash}&#39;")), "the sheet is let in");
    assert!(html.contains("default-src &#39;none&#39;") && html.contains("no-referrer"));
}

#[test]
fn ids_are_unique_and_links_lead_somewhere() {
    let html = render(&sample::report());
    let values = |name: &str| -> Vec<String> {
        let start = format!(" {name}=\"");
        html.split(&*start).skip(1).map(|rest| rest.split('"').next().unwrap().into()).collect()
    };
    let ids = values("id");
    let unique: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for name in ["href", "aria-labelledby", "aria-describedby"] {
        for value in values(name) {
            let id = value.trim_start_matches('#').to_owned();
            assert!(ids.contains(&id), "{name} {value}");
        }
    }
}

#[test]
fn sections_are_in_the_order_of_a_reviewers_questions() {
    let html = render(&sample::report());
    let ids: Vec<&str> =
        html.split("<section id=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    let order = [
        "summary",
        "attention",
        "coverage",
        "places",
        "left",
        "zones",
        "agents",
        "models",
        "activity",
        "changes",
        "findings",
        "unknown",
        "costs",
    ];
    assert_eq!(ids, order);
    assert_eq!(html.matches("role=\"img\"").count(), 4, "four charts");
}

#[test]
fn all_that_the_report_tells_is_on_the_page() {
    let report = sample::report();
    let html = render(&report).replace("<wbr>", "");
    let value = serde_json::to_value(&report).unwrap();
    let mut places = Vec::new();
    strings(&value, "", &mut places);
    for place in places {
        let text = value.pointer(&place).unwrap().as_str().unwrap();
        let is_time = text.parse::<trackway_protocol::ids::Timestamp>().is_ok();
        let key = place.rsplit('/').next().unwrap();
        // What identifies a rule or a record to a program; the repository's root is there.
        let is_left_out = ["rule", "remote", "commit"].contains(&key)
            || (place.starts_with("/zone_entries") && key == "id")
            || place.starts_with("/before");
        let mut escaped = Page::new(TimeZone::UTC);
        escaped.text(text);
        let escaped = escaped.finish();
        let escaped = escaped.split_once('\n').unwrap().1;
        assert!(is_time || is_left_out || html.contains(escaped), "{place}: {text}");
    }
}

#[test]
fn an_empty_report_says_so_and_draws_nothing() {
    let report = Report {
        range: ReportRange { time_zone: "UTC".into(), ..ReportRange::default() },
        ..Report::default()
    };
    let html = render(&report);
    assert!(!tags(&html).is_empty());
    assert!(html.contains("No agent was recorded in this range."));
    assert!(html.contains("How much of it was recorded is not known."));
    assert_eq!(html.matches("role=\"img\"").count(), 0);
    assert!(html.contains("No activity was recorded in any hour."));
    assert!(html.contains("an empty ledger") && !html.contains("NaN"));
}

#[test]
fn an_unknown_time_zone_is_told() {
    let mut report = sample::report();
    report.range.time_zone = "Nowhere/Nothing".into();
    let html = render(&report).replace("<wbr>", "");
    assert!(html.contains("UTC, since this is no known time zone: <code>Nowhere/Nothing</code>"));
    assert!(html.contains("Sun 15 Nov 2026, 23:00 – Sun 22 Nov 2026, 23:00"));
}

#[test]
fn unknown_is_never_nothing_and_nothing_is_said() {
    let mut report = sample::report();
    report.unknown = Unknown { time: report.unknown.time, ..Unknown::default() };
    let html = render(&report);
    assert!(html.contains("How many launches the kernel counted and nobody named is not known."));
    for sentence in [
        "0 launches left no session file.",
        "0 sessions have no known launch.",
        "0 session files were missed in the range.",
        "Of 0 shell calls, 0 could not be resolved in full",
        "No record of the range was pruned since.",
        "No scope is set: no record was left out for where it lay.",
        "There was no such time.",
    ] {
        assert!(html.contains(sentence), "{sentence}");
    }
}

#[test]
fn a_calm_week_needs_no_attention() {
    let mut report = sample::report();
    report.zone_entries.clear();
    report.zones.iter_mut().for_each(|zone| zone.open = 0);
    (report.findings, report.risky_changes) = (Vec::new(), Vec::new());
    (report.more_findings, report.more_risky_changes) = (0, 0);
    let html = render(&report);
    assert!(html.contains("Nothing, as far as was recorded: no open entry into a zone"));
    assert!(!html.contains("This report leaves out"));
}

#[test]
fn counts_of_any_size_are_drawn() {
    let mut report = sample::report();
    report.hours = vec![[u64::MAX; 24]; 7];
    let huge = RepoUse { active_quarters: u64::MAX, files_read: u64::MAX, ..RepoUse::default() };
    report.repos.push(huge);
    report.days.iter_mut().for_each(|day| day.use_.tokens.cache_read = u64::MAX);
    report.models.iter_mut().for_each(|model| model.use_.tokens.output = u64::MAX);
    report.totals.use_.cost_microusd = Some(u64::MAX);
    assert!(!tags(&render(&report)).is_empty());
}
