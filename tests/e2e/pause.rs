//! Pauses: what agents do meanwhile is told neither then nor later, and that there was one always is.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Output};
use std::time::Duration;

use trackway_protocol::report::{Absence, Report};
use trackway_protocol::row::{FileRow, GapRow, LaunchRow};
use trackway_tests::harness::Tests;
use trackway_tests::transcript::Transcript;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use crate::stub;

const PATIENCE: Duration = Duration::from_secs(20);
/// So long that it is ended by the test.
const LONG_MS: u32 = 120_000;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(what_agents_do_in_a_pause_is_never_told);
    tests.add(a_pause_outlives_a_daemon_that_is_killed);
    tests.add(a_pause_ends_by_itself);
    tests.add(a_launch_that_ends_in_a_pause_has_no_known_end);
    tests.add(a_pause_is_given_another_end);
    tests.add(what_makes_no_pause_is_said);
    tests.add(a_report_counts_a_pause_as_blind);
}

fn what_agents_do_in_a_pause_is_never_told() {
    let watch = stub::watch();
    let file = |name: &str| watch.world.other().join(name);
    let mut session = Transcript::begin(&watch.world, &watch.world.repo(), 1);
    session.read(&file("before.txt"));
    wait_for_file(&watch, "before.txt");

    pause(&watch, "1h");
    run(&watch);
    session.read(&file("planted-meanwhile.txt"));
    let status = watch.daemon.status();
    assert!(!status.recording && status.paused_until.is_some(), "{status:#?}");
    let lasting = pauses(&watch).pop().expect("it is a gap");
    assert_eq!((Some(lasting.from), lasting.until), (status.paused_since, None));
    let until = status.paused_until.expect("it is paused").to_string();
    assert_eq!(lasting.reason, format!("paused by the user until {until}"));
    let said = text(&watch.daemon.ctl(["status"]));
    assert!(said.starts_with("PAUSED since "), "{said}");

    assert_eq!(text(&watch.daemon.ctl(["resume"])), "Recording again.\n");
    let after = run(&watch);
    watch.wait_for_start(after);
    session.read(&file("after.txt"));
    wait_for_file(&watch, "after.txt");
    assert_eq!(watch.launches().len(), 1, "{:#?}", watch.launches());
    assert!(pauses(&watch).iter().all(|gap| gap.until.is_some()), "{:#?}", pauses(&watch));

    // Whoever reads the file again, as another one, must not tell it either.
    watch.daemon.stop();
    let copy = session.path.with_extension("copy");
    fs::copy(&session.path, &copy).expect("the home is ours");
    fs::rename(&copy, &session.path).expect("the home is ours");
    watch.daemon.start_again();
    session.read(&file("again.txt"));
    wait_for_file(&watch, "again.txt");
    let mut read: Vec<_> = files(&watch).into_iter().map(|row| row.path).collect();
    read.sort();
    let expected = ["after.txt", "again.txt", "before.txt"];
    assert_eq!(read, expected.map(|name| file(name).display().to_string()));
    watch.no_trace_of(&["planted-meanwhile", "planted-content", "planted-prompt"]);
}

fn a_pause_outlives_a_daemon_that_is_killed() {
    let watch = stub::watch();
    pause(&watch, "1h");
    let (before, until) = (pauses(&watch), watch.daemon.status().paused_until);
    watch.daemon.kill();
    run(&watch);
    watch.daemon.start_again();
    let status = watch.daemon.status();
    assert_eq!((status.paused_until, status.recording), (until, false));
    assert_eq!(status.paused_since, Some(before[0].from));
    run(&watch);
    assert!(watch.daemon.ctl(["resume"]).status.success());
    let after = run(&watch);
    watch.wait_for_start(after);
    assert_eq!(watch.launches().len(), 1, "{:#?}", watch.launches());
    let paused = pauses(&watch);
    assert_eq!(paused[0].from, before[0].from);
    assert!(paused.iter().all(|gap| gap.until.is_some()), "{paused:#?}");
}

fn a_pause_ends_by_itself() {
    let watch = stub::watch();
    pause(&watch, "1s");
    let since = pauses(&watch)[0].from;
    let over = || watch.daemon.try_status().filter(|status| status.recording);
    let status = wait::until(PATIENCE, over).expect("it ends by itself");
    assert_eq!(status.paused_until, None);
    let after = run(&watch);
    watch.wait_for_start(after);
    let paused = pauses(&watch);
    let until = paused[0].until.expect("it is over");
    assert!((900..20_000).contains(&(until.ms() - since.ms())), "{paused:#?}");
}

fn a_launch_that_ends_in_a_pause_has_no_known_end() {
    let watch = stub::watch();
    let [mut ends, stays] = [start(&watch), start(&watch)];
    let [ended, stayed] = [&ends, &stays].map(|child| watch.wait_for_start(child.0.id()));
    pause(&watch, "1h");
    ends.end();
    let unseen = start(&watch);
    assert!(watch.daemon.ctl(["resume"]).status.success());
    watch.wait_for_end(ended);
    let found = watch.wait_for_start(unseen.0.id());
    let rows = watch.launches();
    let row = |id| rows.iter().find(|row| row.id == id).expect("it was told").clone();
    let over: LaunchRow = row(ended);
    assert_eq!((over.end_seen, over.exit_code), (Some(false), None), "{over:#?}");
    // Of both that run still the start is known: the process table has it.
    assert!([stayed, found].map(row).iter().all(|row| row.ended_at.is_none()), "{rows:#?}");
    assert_eq!(rows.len(), 3, "{rows:#?}");
}

fn a_pause_is_given_another_end() {
    let watch = stub::watch();
    pause(&watch, "1h");
    let first = watch.daemon.status();
    pause(&watch, "2h");
    let second = watch.daemon.status();
    assert_eq!(first.paused_since, second.paused_since);
    assert!(second.paused_until > first.paused_until, "{second:#?}");
    let lasting = pauses(&watch).into_iter().filter(|gap| gap.until.is_none()).count();
    assert_eq!(lasting, 1, "{:#?}", pauses(&watch));
    assert!(watch.daemon.ctl(["resume"]).status.success());
    assert!(pauses(&watch).iter().all(|gap| gap.until.is_some()), "{:#?}", pauses(&watch));
}

fn what_makes_no_pause_is_said() {
    let watch = stub::watch();
    let refused = |words: &[&str], code, said: &str| {
        let output = watch.daemon.ctl(words);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {told}");
        assert!(told.contains(said) && output.stdout.is_empty(), "{words:?}: {told}");
    };
    refused(&["pause", "0"], 2, "'0' is no length of a pause");
    refused(&["pause", "0s"], 2, "'0s' is no length of a pause");
    refused(&["pause", "nonsense"], 2, "'nonsense' is no length of a pause");
    refused(&["pause", "--", "-1h"], 2, "'-1h' is no length of a pause");
    refused(&["pause", "--until", "2020-01-01"], 2, "'2020-01-01' is over already");
    refused(&["pause", "--until", "nonsense"], 2, "nonsense");
    refused(&["pause"], 2, "LENGTH");
    refused(&["pause", "25h"], 1, "a pause may take 24 h 0 min (pause.max)");
    let output = watch.daemon.ctl(["resume"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.contains("there was no pause to end"), "{told}");
    assert!(watch.daemon.status().recording && pauses(&watch).is_empty());
}

fn a_report_counts_a_pause_as_blind() {
    let watch = stub::watch();
    let launch = run(&watch);
    watch.wait_for_start(launch);
    pause(&watch, "1h");
    let since = watch.daemon.status().paused_since.expect("it is paused");
    let ask = ["report", "--json", "--since", "1h", "--time-zone", "UTC"];
    let asked = || -> Option<Report> {
        let report: Report = serde_json::from_slice(&watch.daemon.ctl(ask).stdout).ok()?;
        (report.unknown.time.first()?.blind_ms > 50).then_some(report)
    };
    let report = wait::until(PATIENCE, asked).expect("a pause is blind time");
    let gap = report.unknown.gaps.iter().find(|gap| gap.reason.contains("paused by the user"));
    assert!(gap.is_some(), "{:#?}", report.unknown.gaps);
    let said = text(&watch.daemon.ctl(["report", "--since", "1h", "--time-zone", "UTC"]));
    assert!(said.contains("paused by the user") && said.contains("blind for"), "{said}");

    let place = watch.world.tell("{other}");
    let absence = |words: &[&str]| {
        watch.daemon.ctl(["report", "--absence", "--dir", &place].iter().chain(words))
    };
    let told: Absence = serde_json::from_slice(&absence(&["--json", "--since", "1h"]).stdout)
        .expect("it is one row");
    assert!(told.absent && told.time[0].blind_ms > 0, "{told:#?}");
    let said = text(&absence(&["--since", "1h"]));
    assert!(said.contains("blind for"), "{said}");
    // Of the pause alone nothing is known.
    let output = absence(&["--since", &since.to_string()]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("nothing was recorded in that time"), "{told}");
}

fn pause(watch: &Watch, length: &str) {
    let output = watch.daemon.ctl(["pause", length]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(said.starts_with("Nothing is recorded of what agents do until "), "{said}");
}

/// The gaps that the user made.
fn pauses(watch: &Watch) -> Vec<GapRow> {
    let mut gaps = watch.daemon.gaps();
    gaps.retain(|gap| gap.state == "lost" && gap.reason.starts_with("paused by the user"));
    gaps
}

/// Runs a stub to its end; returns its pid.
fn run(watch: &Watch) -> u32 {
    let mut child = stub::call(&watch.world, 300).spawn().expect("the stub runs");
    let pid = child.id();
    child.wait().expect("it is our child");
    pid
}

/// A stub that runs until it is ended.
struct Stub(Child);

impl Stub {
    fn end(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.end();
    }
}

fn start(watch: &Watch) -> Stub {
    Stub(stub::call(&watch.world, LONG_MS).spawn().expect("the stub runs"))
}

fn files(watch: &Watch) -> Vec<FileRow> {
    let mut files: Vec<FileRow> = watch.daemon.rows(&["files"]);
    files.retain(|row| watch.is_ours(Some(&row.path)));
    files
}

fn wait_for_file(watch: &Watch, name: &str) {
    let is_it = |row: &FileRow| PathBuf::from(&row.path).ends_with(name);
    let told = || files(watch).iter().any(is_it).then_some(());
    wait::until(PATIENCE, told)
        .unwrap_or_else(|| panic!("{name}: {:#?}\n{}", files(watch), watch.daemon.log()));
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("it is text")
}
