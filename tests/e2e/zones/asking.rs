//! What can be asked about entries, what is said live, and what somebody has to say to them.

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{Body, Evidence, Risk};
use trackway_protocol::row::ZoneEntryRow;
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use super::{Check, PATIENCE, check, dir, entries, launch_in, narrowed, status, watch_with, zone};

pub(super) fn all(tests: &mut Tests) {
    tests.add(an_entry_is_told_at_once_and_as_the_touch_is);
    tests.add(what_somebody_acknowledged_is_open_no_more);
    tests.add(what_is_no_entry_cannot_be_acknowledged);
    tests.add(a_check_without_touches_says_what_that_is_worth);
    tests.add(a_place_in_no_zone_is_said_to_be_none);
}

fn watch() -> Watch {
    let rules = zone("high", "paths = [\"{root}/high\"]\nseverity = \"high\"")
        + &zone("low", "paths = [\"{root}/low\"]\nseverity = \"low\"");
    watch_with(&rules, |world| {
        for name in ["high/deep", "low", "free"] {
            dir(world.root().join(name));
        }
    })
}

fn an_entry_is_told_at_once_and_as_the_touch_is() {
    let watch = watch();
    let launch = launch_in(&watch, "{root}/high/deep");
    let (entry, record) = watch.daemon.wait_for("an entry", |record| match &record.body {
        Body::ZoneEntered(entry) => Some((entry.clone(), record.clone())),
        _ => None,
    });
    assert_eq!((entry.launch, entry.path), (Some(launch), watch.world.tell("{root}/high/deep")));
    assert_eq!((&entry.zone[..], entry.severity, &entry.how[..]), ("high", Risk::High, "launch"));
    assert_eq!((entry.agent.as_deref(), record.evidence), (Some("claude"), Evidence::Kernel));
    assert!(entry.rule.len() == 64 && entry.rule.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let [row] = &entries(&watch)[..] else { panic!("{:#?}", entries(&watch)) };
    assert_eq!(
        (row.seq, row.id, row.at, &row.rule),
        (record.seq, record.id, record.at, &entry.rule)
    );
    // The tail had it before the agent was gone; others' agents come and go.
    let launch = serde_json::json!(launch);
    let of_it = |line: &String| kind(line, &launch);
    let order: Vec<_> = watch.daemon.tailed().iter().filter_map(of_it).collect();
    let place = |kind: &str| order.iter().position(|known| known == kind);
    assert!(place("zone.entered") < place("launch.ended"), "{order:?}");
    assert_eq!(order.iter().filter(|kind| *kind == "zone.entered").count(), 1);
}

fn kind(line: &str, launch: &serde_json::Value) -> Option<String> {
    let record: serde_json::Value = serde_json::from_str(line).ok()?;
    let of_zone = ["zone.entered", "launch.ended"].iter().find(|kind| record["kind"] == **kind)?;
    if record["body"]["launch"] != *launch {
        return None;
    }
    Some((*of_zone).to_owned())
}

/// An acknowledgement, as the person who gives it sees it.
fn ack(watch: &Watch, numbers: &[u64], note: &str) -> std::process::Output {
    let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
    let mut args = vec!["zones", "ack", "--note", note];
    args.extend(numbers.iter().map(String::as_str));
    watch.daemon.ctl(args)
}

fn what_somebody_acknowledged_is_open_no_more() {
    let watch = watch();
    launch_in(&watch, "{root}/high");
    launch_in(&watch, "{root}/low");
    let rows = entries(&watch);
    let [high, low] = &rows[..] else { panic!("{rows:#?}") };
    let open = || status(&watch);
    assert_eq!((open().open, open().worst), (2, Risk::High));
    assert_eq!(narrowed(&watch, &["--open"]).len(), 2);
    assert_eq!(check(&watch, &["--open"]).code, Some(6));

    let output = ack(&watch, &[high.seq], "asked Ann: a test");
    assert!(output.status.success(), "{output:?}");
    let noted = entries(&watch).remove(0);
    assert_eq!((noted.seq, noted.note.as_deref()), (high.seq, Some("asked Ann: a test")));
    assert!(noted.acknowledged_at.is_some_and(|at| at >= high.at), "{noted:#?}");
    assert_eq!(narrowed(&watch, &["--open"]), std::slice::from_ref(low));
    assert_eq!((open().open, open().worst), (1, Risk::Low));
    let record = watch.daemon.wait_for("the acknowledgement", |record| match &record.body {
        Body::ZoneAcknowledged(ack) => Some(ack.clone()),
        _ => None,
    });
    assert_eq!((record.entry, &record.zone[..]), (high.id, "high"));
    // Nothing is undone by it: who asks about all is told of all.
    assert_eq!(check(&watch, &[]).touches.len(), 2);
    let output = ack(&watch, &[high.seq, low.seq], "and Bob");
    assert!(output.status.success(), "{output:?}");
    let found = check(&watch, &["--open"]);
    assert_eq!(found.code, Some(0), "{found:#?}");
    assert_eq!(check(&watch, &[]).code, Some(6));
    let notes = |rows: Vec<ZoneEntryRow>| rows.into_iter().map(|row| row.note).collect::<Vec<_>>();
    assert_eq!(notes(entries(&watch)), [Some("and Bob".into()), Some("and Bob".into())]);

    // It is kept, whatever happens to the tables; and the next time is another entry.
    watch.daemon.stop();
    assert!(watch.daemon.trackwayd(["rebuild"]).status.success());
    watch.daemon.start_again();
    assert_eq!((open().open, open().worst), (0, Risk::None));
    launch_in(&watch, "{root}/low");
    assert_eq!((open().open, open().worst), (1, Risk::Low));
    let verified = watch.daemon.ctl(["verify", "--json"]);
    assert!(verified.status.success(), "{verified:?}");
}

fn what_is_no_entry_cannot_be_acknowledged() {
    let watch = watch();
    launch_in(&watch, "{root}/high");
    let entry = entries(&watch).remove(0).seq;
    // Not there yet, another record, and one of both: all or nothing.
    for numbers in [&[999_999][..], &[1], &[entry, 999_999]] {
        let output = ack(&watch, numbers, "no");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{numbers:?}: {said}");
        let number = numbers.last().expect("there is one").to_string();
        assert!(said.contains(&number) && output.stdout.is_empty(), "{numbers:?}: {output:?}");
    }
    let long = "x".repeat(501);
    for note in [&long[..], "a\nb", "\u{1b}[2J"] {
        let output = ack(&watch, &[entry], note);
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    }
    assert_eq!((status(&watch).open, narrowed(&watch, &["--open"]).len()), (1, 1));
    let records = watch.daemon.export();
    let acknowledged = |record| matches!(record, &Body::ZoneAcknowledged(_));
    assert!(!records.iter().any(|record| acknowledged(&record.body)));
}

/// Whether everything is known that a check without touches is worth.
fn is_certain(found: &Check) -> bool {
    let it = &found.checked;
    let times = it.blind_ms + it.unrecorded_ms + it.unresolved_calls + it.unknown_repos;
    times == 0 && it.missed == Some(0) && !it.reading && it.failing.is_empty() && it.zones > 0
}

fn a_check_without_touches_says_what_that_is_worth() {
    let watch = watch();
    launch_in(&watch, "{root}/free");
    let is_read = || (watch.daemon.status().backfill.state == "done").then_some(());
    wait::until(PATIENCE, is_read).expect("there is nothing to read");
    let found = check(&watch, &[]);
    assert_eq!((found.code, found.touches.len()), (Some(0), 0), "{found:#?}");
    assert_eq!((found.checked.zones, found.checked.blind_ms), (2, 0), "{found:#?}");
    // Other tests' short programs may be missed: then it is not certain, and that is said.
    let strict = check(&watch, &["--strict"]);
    assert_eq!(strict.code, Some(u8::from(!is_certain(&strict)).into()), "{strict:#?}");

    watch.daemon.kill();
    watch.daemon.start_again();
    let found = check(&watch, &[]);
    assert_eq!((found.code, found.touches.len()), (Some(0), 0), "{found:#?}");
    assert!(found.checked.blind_ms > 0, "{found:#?}");
    let strict = check(&watch, &["--strict"]);
    assert_eq!((strict.code, strict.touches.len()), (Some(1), 0), "{strict:#?}");
    assert!(strict.said.contains("blind"), "{strict:#?}");
    let from = after_the_gap(&watch);
    assert!(check(&watch, &["--since", &from]).checked.blind_ms == 0);
    // What was touched is worse than what is not known.
    launch_in(&watch, "{root}/low");
    assert_eq!(check(&watch, &["--strict"]).code, Some(6));
}

/// A time after the daemon that runs now had begun to record.
fn after_the_gap(watch: &Watch) -> String {
    let gaps = watch.daemon.gaps();
    let until = gaps.iter().filter_map(|gap| gap.until).max();
    let until = until.expect("the blind time is over");
    wait::until(PATIENCE, || (Timestamp::now() > until).then_some(()));
    Timestamp::now().to_string()
}

fn a_place_in_no_zone_is_said_to_be_none() {
    let watch = watch();
    launch_in(&watch, "{root}/free");
    launch_in(&watch, "{root}/high");
    let free = watch.world.tell("{root}/free");
    let found = check(&watch, &[&free]);
    assert_eq!((found.code, found.touches.len()), (Some(0), 0), "{found:#?}");
    assert_eq!(found.checked.outside, std::slice::from_ref(&free));
    let strict = check(&watch, &[&free, "--strict"]);
    assert_eq!(strict.code, Some(1), "{strict:#?}");
    assert!(strict.said.contains(&free), "{strict:#?}");
    let low = watch.world.tell("{root}/low");
    let found = check(&watch, &[&free, &low]);
    assert_eq!((found.code, &found.checked.outside), (Some(0), &vec![free.clone()]), "{found:#?}");
    let high = watch.world.tell("{root}/high");
    let found = check(&watch, &[&free, &high]);
    assert_eq!((found.code, found.touches.len()), (Some(6), 1), "{found:#?}");
    assert_eq!(found.touches[0].place.as_ref(), Some(&high));
    let told = watch.daemon.ctl(["zones", "explain", &free]);
    let told = [told.stdout, told.stderr].concat();
    assert!(
        String::from_utf8_lossy(&told).contains("No zone has"),
        "{}",
        String::from_utf8_lossy(&told)
    );
    let remote = check(&watch, &["git.example.com/acme/nobody-ever"]);
    assert_eq!((remote.code, remote.checked.outside.len()), (Some(0), 1), "{remote:#?}");
}
