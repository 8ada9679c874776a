//! Whom a rule is about and what it forbids, since when, and how often that is told.

use std::fs::{self, File};
use std::io::Write as _;

use serde_json::{Value, json};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::row::{ZoneEntryRow, ZoneRow};
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::link;

use super::{
    PATIENCE, Whose, check, claim_zones, dir, entries, entries_of, launch_in, narrowed, put_rules,
    settled, status, watch_with, watch_without, zone,
};

pub(super) fn all(tests: &mut Tests) {
    tests.add(agents_and_touches_narrow_a_zone);
    tests.add(a_directory_that_a_command_line_names_is_a_way_of_its_own);
    tests.add(however_often_a_zone_is_touched_one_way_is_one_entry);
    tests.add(what_was_before_a_rule_is_no_entry_and_is_checked);
    tests.add(rules_that_are_gone_leave_their_entries);
}

/// Adds calls of claude's tools to a session's file: each tool, and the file that it is about.
fn session(watch: &Watch, id: &str, calls: &[(&str, &str)]) {
    let projects = dir(watch.world.home().join(".claude/projects/-work"));
    let path = projects.join(format!("{id}.jsonl"));
    let file = File::options().create(true).append(true).open(path);
    let mut file = file.expect("the home is ours");
    for (tool, path) in calls {
        let (path, at) = (watch.world.tell(path), Timestamp::now());
        let call = format!("{id}-{tool}-{path}-{}", at.ms());
        let line = |kind: &str, block: Value, result: Value| {
            json!({
                "type": kind, "uuid": format!("{kind}-{call}"), "sessionId": id, "timestamp": at,
                "cwd": watch.world.repo(), "version": "2.1.330", "requestId": call,
                "message": {"id": call, "role": kind, "content": [block]}, "toolUseResult": result,
            })
        };
        let input = json!({"file_path": path, "content": "x"});
        let begin = json!({"type": "tool_use", "id": call, "name": tool, "input": input});
        let end = json!({"type": "tool_result", "tool_use_id": call});
        let result = json!({"type": "create", "filePath": path, "file": {"filePath": path}});
        let lines = [line("assistant", begin, Value::Null), line("user", end, result)];
        for line in lines {
            writeln!(file, "{line}").expect("there is room");
        }
    }
}

/// Waits until a session has entered a zone in this way.
#[track_caller]
fn wait_for(watch: &Watch, session: &str, zone: &str, how: &str) -> ZoneEntryRow {
    let found = || {
        let is_it = |row: &ZoneEntryRow| row.session.as_deref() == Some(session);
        entries(watch).into_iter().find(|row| is_it(row) && row.zone == zone && row.how == how)
    };
    wait::until(PATIENCE, found)
        .unwrap_or_else(|| panic!("{how} of {zone}: {:#?}\n{}", entries(watch), watch.daemon.log()))
}

/// What the entries of a session are into which zones, and how.
fn ways(watch: &Watch, session: &str) -> Vec<(String, String)> {
    let rows = narrowed(watch, &["--session", session]);
    rows.into_iter().map(|row| (row.zone, row.how)).collect()
}

fn agents_and_touches_narrow_a_zone() {
    let rules = [
        zone("outer", "paths = [\"{root}/out\"]"),
        zone("codex", "paths = [\"{root}/out/codex\"]\nagents = [\"codex\"]"),
        zone("claude", "paths = [\"{root}/out/claude\"]\nagents = [\"codex\", \"claude\"]"),
        zone("files", "paths = [\"{root}/out/files\"]\ntouches = [\"read\", \"write\"]"),
        zone("writes", "paths = [\"{root}/writes\"]\ntouches = [\"write\"]"),
        zone("other", "paths = [\"{root}/other\"]\nagents = [\"codex\"]"),
    ];
    let watch = watch_with(&rules.concat(), |_| {});
    let expected = [
        ("{root}/out/codex", Some("outer")),
        ("{root}/out/claude", Some("claude")),
        ("{root}/out/files", Some("outer")),
        ("{root}/writes", None),
        ("{root}/other", None),
    ];
    let expected = expected.map(|(place, zone)| (dir(watch.world.tell(place)), zone));
    claim_zones(&watch, &expected);

    let calls = [
        ("Read", "{root}/other/f"),
        ("Write", "{root}/other/f"),
        ("Read", "{root}/writes/f"),
        ("Write", "{root}/writes/f"),
        ("Read", "{root}/out/codex/f"),
        ("Read", "{root}/out/files/f"),
    ];
    session(&watch, "narrow", &calls);
    // They are read in order: when the last is told, all before it would have been.
    wait_for(&watch, "narrow", "files", "read");
    let expected = [("writes", "write"), ("outer", "read"), ("files", "read")];
    let expected = expected.map(|(zone, how)| (zone.to_owned(), how.to_owned()));
    assert_eq!(ways(&watch, "narrow"), expected, "{:#?}", entries(&watch));
}

fn a_directory_that_a_command_line_names_is_a_way_of_its_own() {
    let rules = zone("added", "paths = [\"{root}/added\"]\ntouches = [\"add-dir\"]");
    let watch = watch_with(&rules, |world| {
        dir(world.root().join("added/deep"));
        dir(world.root().join("not-added"));
        link(world.root().join("added"), world.root().join("link"));
    });
    let call = |dirs: &[&str]| {
        let mut call = crate::stub::call(&watch.world, super::MS);
        for dir in dirs {
            call.arg("--add-dir").arg(watch.world.tell(dir));
        }
        let mut child = call.spawn().expect("the stub is there");
        let launch = watch.wait_for_start(child.id());
        child.wait().expect("it is our child");
        watch.wait_for_end(launch);
        entries_of(&watch, launch)
    };
    assert_eq!(call(&["{root}/not-added"]), []);
    for named in ["{root}/added", "../added/deep/..", "{root}/link", "../link"] {
        let rows = call(&["{root}/not-added", named]);
        let [row] = &rows[..] else { panic!("one entry, and not {rows:#?}") };
        assert_eq!((&row.how[..], &row.path), ("add-dir", &watch.world.tell("{root}/added")));
    }
    // To be started there is another way, which the rule does not name.
    let launch = launch_in(&watch, "{root}/added");
    assert_eq!(entries_of(&watch, launch), []);
}

fn however_often_a_zone_is_touched_one_way_is_one_entry() {
    let rules =
        zone("shut", "paths = [\"{root}/shut\"]") + &zone("last", "paths = [\"{root}/last\"]");
    let watch = watch_with(&rules, |_| {});
    let files = ["a", "b", "c", "d"].map(|name| format!("{{root}}/shut/{name}/f"));
    let reads: Vec<_> = files.iter().map(|file| ("Read", &file[..])).collect();
    session(
        &watch,
        "one",
        &[&reads[..], &[("Write", "{root}/shut/x"), ("Read", "{root}/last/1")]].concat(),
    );
    wait_for(&watch, "one", "last", "read");
    let told = |ways: &[(String, String)]| {
        let ways = ways.iter().map(|(zone, how)| format!("{zone} {how}"));
        ways.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(told(&ways(&watch, "one")), "shut read, shut write, last read");
    let first = wait_for(&watch, "one", "shut", "read");
    // Each file, and each directory.
    assert_eq!(
        (first.touches, &first.path),
        (8, &watch.world.tell("{root}/shut/a/f")),
        "{first:#?}"
    );

    // Another daemon knows what was entered, and another session is another entry.
    watch.daemon.kill();
    watch.daemon.start_again();
    session(&watch, "one", &[("Read", "{root}/shut/e/f"), ("Write", "{root}/last/2")]);
    wait_for(&watch, "one", "last", "write");
    assert_eq!(told(&ways(&watch, "one")), "shut read, shut write, last read, last write");
    let again = wait_for(&watch, "one", "shut", "read");
    assert_eq!((again.seq, again.at, again.touches), (first.seq, first.at, 10), "{again:#?}");
    assert!(again.last_at > first.last_at, "{again:#?}");
    session(&watch, "two", &[("Read", "{root}/shut/a/f")]);
    let other = wait_for(&watch, "two", "shut", "read");
    assert!(other.seq > again.seq && other.touches == 2, "{other:#?}");

    let zones = |args: &[&str]| narrowed(&watch, args).len();
    assert_eq!((zones(&["--zone", "shut"]), zones(&["--how", "write"])), (3, 2));
    assert_eq!((zones(&["--agent", "claude"]), zones(&["--agent", "codex"])), (5, 0));
    let last = watch.world.tell("{root}/last");
    assert_eq!((zones(&["--dir", &last]), zones(&["--severity", "high"])), (2, 0));
}

fn what_was_before_a_rule_is_no_entry_and_is_checked() {
    let watch = watch_without(|world| {
        drop((dir(world.root().join("shut")), dir(world.root().join("free"))))
    });
    let before = launch_in(&watch, "{root}/shut");
    session(&watch, "before", &[("Read", "{root}/shut/f"), ("Read", "{root}/free/f")]);
    wait_for_read(&watch, "before", "{root}/free/f");
    assert_eq!(check(&watch, &[]).code, Some(0));

    put_rules(&watch, Whose::User, &zone("shut", "paths = [\"{root}/shut\"]\nseverity = \"low\""));
    assert_eq!(entries(&watch), []);
    let found = check(&watch, &[]);
    assert_eq!((found.code, found.checked.zones), (Some(6), 1), "{found:#?}");
    let mut ways: Vec<_> = found.touches.iter().map(|row| &row.how[..]).collect();
    ways.sort_unstable();
    assert_eq!(ways, ["launch", "read"], "{found:#?}");
    for row in &found.touches {
        let who = (row.launch, row.session.as_deref());
        assert!(who == (Some(before), None) || who == (None, Some("before")), "{row:#?}");
        assert_eq!((row.entry, row.acknowledged, row.severity.as_str()), (None, false, "low"));
    }
    let later = launch_in(&watch, "{root}/shut");
    let [entry] = &entries(&watch)[..] else { panic!("{:#?}", entries(&watch)) };
    assert_eq!(entry.launch, Some(later));
    let found = check(&watch, &[]);
    assert_eq!((found.code, found.touches.len()), (Some(6), 3), "{found:#?}");
    let named: Vec<_> = found.touches.iter().filter_map(|row| row.entry).collect();
    assert_eq!(named, [entry.seq]);
    // Of places, what lies there and below, and nothing beside it.
    let at = |place: &str| check(&watch, &[&watch.world.tell(place)]);
    for (place, code, touches) in
        [("{root}/shut", 6, 3), ("{root}/shut/f", 6, 1), ("{root}/free", 0, 0)]
    {
        let found = at(place);
        assert_eq!((found.code, found.touches.len()), (Some(code), touches), "{place}: {found:#?}");
    }
    let since = later_than(&watch, entry);
    let found = check(&watch, &["--since", &since]);
    assert_eq!((found.code, found.touches.len()), (Some(0), 0), "{found:#?}");
}

/// Waits until the daemon has read that a session read a file.
fn wait_for_read(watch: &Watch, session: &str, path: &str) {
    let path = watch.world.tell(path);
    let told = || watch.files(session).iter().any(|row| row.path == path).then_some(());
    wait::until(PATIENCE, told).unwrap_or_else(|| panic!("{}", watch.daemon.log()));
}

/// A time after everything that is recorded.
fn later_than(watch: &Watch, entry: &ZoneEntryRow) -> String {
    let last = watch.daemon.export().iter().map(|record| record.at.ms()).max();
    let last = last.unwrap_or_default().max(entry.last_at.ms());
    wait::until(PATIENCE, || (Timestamp::now().ms() > last).then_some(())).expect("time goes on");
    Timestamp::now().to_string()
}

fn rules_that_are_gone_leave_their_entries() {
    let watch = watch_with(&zone("shut", "paths = [\"{root}/shut\"]"), |world| {
        dir(world.root().join("shut"));
    });
    let first = launch_in(&watch, "{root}/shut");
    let entry = entries(&watch).remove(0);
    // Under the same name another rule: what was entered stays as it was.
    put_rules(
        &watch,
        Whose::User,
        &zone("shut", "paths = [\"{root}/shut/deep\"]\nseverity = \"high\""),
    );
    let second = launch_in(&watch, "{root}/shut");
    assert_eq!(
        (entries_of(&watch, first), entries_of(&watch, second)),
        (vec![entry.clone()], vec![])
    );
    let path = Whose::User.path(&watch.world);
    fs::remove_file(path).expect("the world is ours");
    settled(&watch, Whose::User, |file| file.state == "missing" && file.zones == 0);
    launch_in(&watch, "{root}/shut");
    assert_eq!(entries(&watch), std::slice::from_ref(&entry));
    let zones: Vec<ZoneRow> = watch.daemon.rows(&["zones"]);
    let [zone] = &zones[..] else { panic!("what is left of one zone, and not {zones:#?}") };
    assert_eq!(
        (zone.in_force, zone.entries, zone.open, zone.last_at),
        (false, 1, 1, Some(entry.last_at))
    );
    assert_eq!(status(&watch).open, 1);
    let explained =
        watch.daemon.ctl(["zones", "explain", &watch.world.tell("{root}/shut"), "--json"]);
    assert!(explained.stdout.is_empty(), "{explained:?}");
}
