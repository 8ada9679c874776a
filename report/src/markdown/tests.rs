//! What holds of all Markdown, whatever is in the report.

use serde_json::{Value, json};
use trackway_protocol::report::ReportRange;

use super::*;
use crate::clean::is_unsafe;
use crate::sample;

const HOSTILE: &str = "<script>alert(1)</script> [a](http://a.org) ![b](x) | `` ` ``` @ann #12 a@b.org\n\n# x\n\
                       \n```\n- www.a.org *b* _c_ ~~d~~ &lt; $x$ 5f2b9c0d7e1a48863b1d2c4e6f70 \u{202e}\u{0}\\|\\";

/// Makes hostile whatever may be any text, and returns how often that was.
fn poison<T: serde::de::DeserializeOwned>(value: &mut Value) -> usize {
    let (mut places, mut replaced) = (vec![String::new()], 0);
    while let Some(place) = places.pop() {
        match value.pointer(&place).unwrap() {
            Value::Array(values) => {
                places.extend((0..values.len()).map(|at| format!("{place}/{at}")))
            }
            Value::Object(values) => {
                places.extend(values.keys().map(|key| format!("{place}/{key}")))
            }
            Value::String(_) => {
                let text = value.pointer_mut(&place).unwrap();
                let before = std::mem::replace(text, HOSTILE.into());
                if T::deserialize(&*value).is_ok() {
                    replaced += 1;
                } else {
                    *value.pointer_mut(&place).unwrap() = before;
                }
            }
            _ => {}
        }
    }
    replaced
}

/// Returns a line without its code spans.
fn outside_of_code(line: &str) -> String {
    let (mut outside, mut rest) = (String::new(), line);
    while let Some(start) = rest.find('`') {
        outside.push_str(&rest[..start]);
        let fence: String = rest[start..].chars().take_while(|char| *char == '`').collect();
        let inside = &rest[start + fence.len()..];
        let mut at = 0;
        rest = loop {
            let begin = at + inside[at..].find('`').expect("code ends on its line");
            let run = inside[begin..].chars().take_while(|char| *char == '`').count();
            at = begin + run;
            if run == fence.len() {
                break &inside[at..];
            }
        };
    }
    outside.push_str(rest);
    outside
}

/// Looks at whether nothing acts outside of code but what is meant to.
fn assert_inert(text: &str) {
    assert!(!text.chars().any(|char| char != '\n' && is_unsafe(char)));
    let mut is_block = false;
    let mut bars = None;
    for line in text.lines() {
        if line.starts_with("```") && !line[3..].contains('`') {
            is_block = !is_block;
            continue;
        }
        if is_block {
            continue;
        }
        let mut outside = outside_of_code(line);
        for harmless in ["**", "<$0.01", "<0.1 %"] {
            outside = outside.replace(harmless, "");
        }
        if line.starts_with('|') {
            let many = line.matches('|').count();
            assert_eq!(*bars.get_or_insert(many), many, "{line}");
            outside = outside.replace('|', "");
        } else {
            bars = None;
        }
        let start = outside.trim_start();
        let start = start.strip_prefix("- ").unwrap_or(start.trim_start_matches('#'));
        assert!(!start.starts_with(['-', '+', '=', '#', '>']) || line.starts_with('|'), "{line}");
        assert!(
            !start.contains(['<', '[', ']', '*', '_', '~', '@', '#', '&', '\\', '!', '|']),
            "{line}"
        );
        assert!(!start.contains("www.") && !start.contains("://"), "{line}");
    }
    assert!(!is_block);
}

#[test]
fn nothing_that_was_captured_acts() {
    let mut value = serde_json::to_value(sample::report()).unwrap();
    assert!(poison::<Report>(&mut value) > 250);
    assert_inert(&render(&serde_json::from_value(value).unwrap()));
    assert_inert(&render(&sample::report()));
}

#[test]
fn lines_are_longer_than_a_terminal_only_for_what_cannot_be_cut() {
    for line in render(&sample::report()).lines().filter(|line| !line.starts_with('|')) {
        let outside = outside_of_code(if line == "```" || line == "```text" { "" } else { line });
        assert!(line.chars().count() <= 80 || outside.len() < 20, "{line}");
    }
}

#[test]
fn all_that_the_report_tells_is_in_it() {
    let report = sample::report();
    let text = render(&report).replace(['\n', '`'], " ");
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = report.repos.iter().flat_map(|repo| repo.dirs.iter().chain(&repo.roots));
    let whys = report.findings.iter().flat_map(|finding| [&finding.why, &finding.fix]);
    let gaps = report.unknown.gaps.iter().map(|gap| &gap.reason);
    let models = report.models.iter().filter_map(|model| model.model.as_ref());
    for word in words.chain(whys).chain(gaps).chain(models) {
        let word: String = word.replace('`', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&word), "{word}");
    }
}

#[test]
fn an_empty_report_says_so() {
    let range = ReportRange { time_zone: "UTC".into(), ..ReportRange::default() };
    let text = render(&Report { range, ..Report::default() });
    assert_inert(&text);
    for sentence in [
        "No agent was recorded in this range.",
        "How much of it was recorded is not known.",
        "No activity was recorded in any hour.",
        "No file was read by an agent",
        "Host: not known",
    ] {
        assert!(text.contains(sentence), "{sentence}");
    }
}

fn answer(known: bool, absent: bool, recorded_ms: u64) -> Value {
    let (from, until) = ("2026-11-16T00:00:00.000Z", "2026-11-17T00:00:00.000Z");
    let touch = json!({
        "launch": null, "session": "s1", "agent": null, "path": "/srv/vault/a", "how": ["read"],
        "first_at": from, "last_at": until, "evidence": "transcript"
    });
    let day: u64 = 86_400_000;
    json!({
        "report": 1, "seq": 7, "made_at": until, "version": "0.1.0", "host": "wren", "uid": 1000,
        "repo": null, "dir": "/srv/vault", "from": from, "until": until, "complete": true,
        "known": known, "absent": absent, "touches": if absent { vec![] } else { vec![touch] },
        "more_touches": 0,
        "time": [{
            "source": "launches", "from": from, "until": until, "recorded_ms": recorded_ms,
            "degraded_ms": 0, "blind_ms": 0, "off_ms": 0, "unrecorded_ms": day - recorded_ms,
            "blind_gaps": 0
        }],
        "unnamed_launches": null, "launches": 3, "launches_without_session": 1, "sessions": 2,
        "shell_calls": 40, "unresolved_calls": 4, "pruned": 0, "reading": false,
        "out_of_sight": ["other-users", "cloud"]
    })
}

fn stated(known: bool, absent: bool, recorded_ms: u64) -> String {
    let text = absence(&serde_json::from_value(answer(known, absent, recorded_ms)).unwrap());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_absence_says_of_whom_and_what_nobody_saw() {
    let text = stated(true, true, 86_400_000);
    for part in [
        "**No touch of `/srv/vault` was recorded** from Mon 16 Nov 2026, 00:00 until Tue 17 Nov 2026",
        "for this user (1000) on this machine (`wren`)",
        "is no proof that nothing happened",
        "How many launches the kernel counted and nobody named is not known.",
        "of 40 shell calls of theirs, 4 could not be resolved",
        "Agents that work at their vendor's",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("never heard") && !text.contains("no evidence of anything"));
}

#[test]
fn a_place_that_is_not_known_and_a_range_without_records_are_said() {
    assert!(stated(false, true, 86_400_000).contains("check the spelling"));
    assert!(stated(true, true, 0).contains("Nothing at all was recorded in this range"));
}

#[test]
fn a_touch_is_told_with_how_it_is_known() {
    let text = stated(true, false, 86_400_000);
    assert!(text.contains("**`/srv/vault` was touched** from"), "{text}");
    assert!(
        text.contains("an agent that is not known: `/srv/vault/a`") && text.contains("transcript")
    );
}

#[test]
fn nothing_in_an_absence_acts() {
    let mut value = answer(true, false, 1);
    assert!(poison::<Absence>(&mut value) > 8);
    assert_inert(&absence(&serde_json::from_value(value).unwrap()));
}
