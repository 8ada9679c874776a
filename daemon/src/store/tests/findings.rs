//! Findings and the division of time, as they are answered.

use proptest::prelude::*;
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Body, ConfigChange, ConfigChanged, Finding, Risk};
use trackway_protocol::row::TimeRow;

use super::super::{Draft, Reader};
use super::support::{Fixture, at, coverage, daemon_started, draft, id, started};

fn finding(ms: i64, code: &str, launch: u64, risk: Risk) -> Draft {
    let body = Finding {
        agent: "claude".into(),
        code: code.into(),
        launch: Some(id(launch)),
        since: at(ms),
        risk,
        why: "Why.".into(),
        ..Finding::default()
    };
    draft(ms, Body::Finding(Box::new(body)))
}

fn setting(ms: i64, key: &str) -> Draft {
    let change = ConfigChange {
        key: key.into(),
        what: "set".into(),
        after: Some(true.into()),
        risk: Risk::Medium,
        ..ConfigChange::default()
    };
    let body = ConfigChanged {
        agent: "claude".into(),
        scope: "user".into(),
        file: "settings".into(),
        path: "/home/u/.claude/settings.json".into(),
        state: "present".into(),
        changes: vec![change],
        ..ConfigChanged::default()
    };
    draft(ms, Body::ConfigChanged(Box::new(body)))
}

fn codes(reader: &Reader, filter: &Filter) -> Vec<String> {
    let rows = reader.all_findings(filter).unwrap().rows;
    rows.into_iter().map(|row| row.code).collect()
}

#[test]
fn findings_and_risky_settings_are_one_list_that_each_filter_narrows() {
    let fixture = Fixture::with(vec![
        started(0, 1, "claude"),
        started(0, 2, "claude"),
        finding(10, "launch-without-session", 1, Risk::Medium),
        // The same thing again, concluded by another daemon.
        draft(20, finding(10, "launch-without-session", 1, Risk::High).body),
        finding(30, "transcripts-off", 2, Risk::Low),
        setting(5, "disableAllHooks"),
    ]);
    let all = Filter::default();
    let ask = |filter: Filter| codes(&fixture.reader, &filter);
    assert_eq!(ask(all.clone()), ["launch-without-session", "hooks-off", "transcripts-off"]);
    let medium = Filter { risk: Some(Risk::Medium), ..all.clone() };
    assert_eq!(ask(medium), ["launch-without-session", "hooks-off"]);
    // A setting lasts; what was concluded is of its time.
    let since = Filter { since_ms: Some(at(15).ms()), ..all.clone() };
    assert_eq!(ask(since), ["hooks-off", "transcripts-off"]);
    let before = Filter { until_ms: Some(at(5).ms()), ..all.clone() };
    assert_eq!(ask(before), [""; 0]);
    let dir = |dir: &str| Filter { dir: Some(dir.into()), ..all.clone() };
    assert_eq!(ask(dir("/src/2")), ["transcripts-off"]);
    assert_eq!(ask(dir("/home/u")), ["hooks-off"]);
    let launch = Filter { launch: Some(id(1).to_string()), ..all.clone() };
    assert_eq!(ask(launch), ["launch-without-session"]);
    assert_eq!(ask(Filter { agent: Some("codex".into()), ..all.clone() }), [""; 0]);
    let first = fixture.reader.all_findings(&Filter { limit: Some(1), ..all }).unwrap();
    assert_eq!((first.rows.len(), first.more), (1, Some(2)));
    assert_eq!(first.rows[0].at, Some(at(10)), "the first conclusion counts");
}

fn time(drafts: Vec<Draft>, since: i64, until: i64) -> Vec<TimeRow> {
    let filter = Filter {
        since_ms: Some(at(since).ms()),
        until_ms: Some(at(until).ms()),
        ..Filter::default()
    };
    Fixture::with(drafts).reader.time(&filter, at(1000)).unwrap()
}

#[test]
fn time_is_divided_for_each_source_and_what_all_missed_is_everybody_s() {
    let rows = time(
        vec![
            daemon_started(100, "a"),
            coverage("sessions", "active", 100, None),
            coverage("launches", "lost", 200, Some(250)),
            coverage("sessions", "degraded", 300, None),
            coverage("daemon", "lost", 400, Some(450)),
            coverage("daemon", "off", 500, Some(700)),
            coverage("clock", "restored", 600, Some(800)),
        ],
        0,
        2000,
    );
    let parts: Vec<_> = rows
        .iter()
        .map(|row| {
            let parts = [row.recorded_ms, row.degraded_ms, row.blind_ms, row.off_ms];
            (row.source.as_str(), parts, row.unrecorded_ms, row.blind_gaps)
        })
        .collect();
    assert_eq!(
        parts,
        [
            ("launches", [600, 0, 100, 200], 100, 2),
            // Not over, and now is the end of it.
            ("sessions", [200, 450, 50, 200], 100, 1),
        ]
    );
    assert!(rows.iter().all(|row| (row.from, row.until) == (at(0), at(1000))));
}

#[test]
fn without_a_range_it_begins_with_the_first_daemon() {
    let fixture = Fixture::with(vec![daemon_started(100, "a"), daemon_started(300, "a")]);
    let rows = fixture.reader.time(&Filter::default(), at(1000)).unwrap();
    assert_eq!((rows[0].from, rows[0].recorded_ms, rows[0].unrecorded_ms), (at(100), 900, 0));
    let empty = Fixture::with(Vec::new()).reader.time(&Filter::default(), at(1000)).unwrap();
    assert_eq!(empty[0].recorded_ms, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_coverage_says_and_in_whatever_order_the_parts_are_the_same_and_add_up(
        drafts in prop::collection::vec(
            (
                prop::sample::select(&["launches", "sessions", "daemon", "clock"][..]),
                prop::sample::select(&["lost", "degraded", "off", "restored"][..]),
                0..900_i64,
                // Some end before they begin. Open ones depend on the order of arrival.
                0..900_i64,
            ),
            0..8,
        ),
        since in 0..900_i64, until in 0..1200_i64,
    ) {
        let drafts = || drafts.iter().map(|(source, state, from, until)| {
            coverage(source, state, *from, Some(*until))
        });
        let first = || std::iter::once(daemon_started(50, "a"));
        let rows = time(first().chain(drafts()).collect(), since, until);
        for row in &rows {
            let parts = [row.recorded_ms, row.degraded_ms, row.blind_ms, row.off_ms];
            let sum = parts.iter().sum::<u64>() + row.unrecorded_ms;
            prop_assert_eq!(sum.cast_signed(), row.until.ms() - row.from.ms());
        }
        let other = time(drafts().rev().chain(drafts()).chain(first()).collect(), since, until);
        prop_assert_eq!(other, rows);
    }
}
