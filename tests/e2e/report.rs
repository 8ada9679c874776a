//! Reports: what they say of real agents, and of times in which there is nothing to say.

use std::process::Output;

use trackway_protocol::record::Tokens;
use trackway_protocol::report::{Absence, Report};
use trackway_tests::agent::{self, Agent};
use trackway_tests::harness::Tests;
use trackway_tests::scenario::Scenario;
use trackway_tests::scenario::work::price;
use trackway_tests::watch::Watch;

use super::sessions::shell;

pub(crate) fn all(tests: &mut Tests) {
    tests.each(agent::ALL, a_report_tells_the_tokens_that_the_model_charged);
    tests.each(agent::ALL, what_an_agent_touched_is_not_absent);
    tests.add(a_report_of_an_empty_ledger_says_so);
    tests.add(times_that_make_no_sense_are_refused);
    tests.add(a_week_in_which_the_clock_changes_has_its_hours);
    tests.add(a_daemon_that_is_down_reports_nothing);
}

fn a_report_tells_the_tokens_that_the_model_charged(agent: Agent) {
    let run = Scenario::new(agent)
        .print("Work")
        .turn(shell(agent, "cat a.txt"))
        .turn(shell(agent, "echo new > b.txt"))
        .run();
    run.watch.wait_for_responses(1, 3);
    let watch = &run.watch;
    let report = report(watch, &["--since", "1h", "--dir", &watch.world.tell("{repo}")]);
    let one = price(agent.name());
    let mut charged = Tokens::default();
    (0..3).for_each(|_| charged.add(&one));
    let totals = &report.totals;
    assert_eq!((totals.use_.responses, totals.use_.tokens), (3, charged), "{report:#?}");
    assert_eq!((totals.launches, totals.sessions), (1, 1), "{report:#?}");
    let [repo] = &report.repos[..] else { panic!("{report:#?}") };
    assert_eq!(repo.use_.tokens, charged);
    assert_eq!((repo.files_read, repo.files_written), (1, 1), "{repo:#?}");
    let [under] = &repo.read_under[..] else { panic!("{repo:#?}") };
    assert_eq!(under.agent, agent.name());
    assert_eq!(
        under.endpoint.as_deref(),
        run.seen(run.launch).row.endpoint.as_ref().map(|it| &*it.host)
    );
    let by_day: u64 = report.days.iter().map(|day| day.use_.responses).sum();
    let by_model: u64 = report.models.iter().map(|model| model.use_.responses).sum();
    assert_eq!((by_day, by_model), (3, 3));
    let agents: Vec<_> = report.agents.iter().map(|it| it.version.as_deref()).collect();
    assert_eq!(agents, [Some(agent.version())], "{report:#?}");
    assert_eq!(report.unknown.shell_calls, 2);
    assert_eq!(report.sha256.as_deref(), Some(&*report.hash()));
    // Nobody but a program asks for the whole report; people read it as text.
    let text = text(&watch.daemon.ctl(["report", "--since", "1h", "--time-zone", "UTC"]));
    assert!(text.contains(&watch.world.tell("{repo}")) || text.contains(&repo.id), "{text}");
    let html =
        watch.daemon.ctl(["report", "--since", "1h", "--time-zone", "UTC", "--format", "html"]);
    let page = String::from_utf8_lossy(&html.stdout).to_ascii_lowercase();
    assert!(page.starts_with("<!doctype html>"), "{page}");
}

fn what_an_agent_touched_is_not_absent(agent: Agent) {
    let run = Scenario::new(agent).print("Look").turn(shell(agent, "cat a.txt")).run();
    run.watch.wait_for_responses(1, 2);
    let (watch, ask) = (&run.watch, ["report", "--absence", "--json", "--repo"]);
    let asked = |place: &str| watch.daemon.ctl(ask.iter().copied().chain([place]));
    let touched = asked(&watch.world.tell("{repo}"));
    assert_eq!(touched.status.code(), Some(1), "{touched:?}");
    let absence: Absence = serde_json::from_slice(&touched.stdout).expect("it is one row");
    assert!(!absence.absent && absence.known && !absence.touches.is_empty(), "{absence:#?}");
    let other = asked(&watch.world.tell("{other}"));
    assert_eq!(other.status.code(), Some(0), "{other:?}");
    let absence: Absence = serde_json::from_slice(&other.stdout).expect("it is one row");
    assert!(absence.absent && absence.launches > 0 && absence.sessions > 0, "{absence:#?}");
    assert!(absence.time[0].recorded_ms > 0 && !absence.out_of_sight.is_empty(), "{absence:#?}");
    assert_eq!(absence.sha256.as_deref(), Some(&*absence.hash()));
    let words = watch.daemon.ctl(["report", "--absence", "--repo", &watch.world.tell("{other}")]);
    let words = text(&words);
    assert!(words.contains("No touch of"), "{words}");
}

fn a_report_of_an_empty_ledger_says_so() {
    let watch = Watch::start(&[]);
    // Last week: before the daemon was ever started.
    let report = report(&watch, &["--dir", &watch.world.tell("{repo}")]);
    let [time, ..] = &report.unknown.time[..] else { panic!("{report:#?}") };
    assert_eq!(time.unrecorded_ms, time.until.ms().abs_diff(time.from.ms()), "{report:#?}");
    assert_eq!((report.totals.launches, report.repos.len()), (0, 0));
    assert!(report.range.week.is_some() && report.range.complete && report.before.is_none());
    let text = text(&watch.daemon.ctl(["report", "--time-zone", "UTC"]));
    assert!(text.contains("recorded"), "{text}");
}

fn times_that_make_no_sense_are_refused() {
    let watch = Watch::start(&[]);
    let refused = |words: &[&str]| {
        let output = watch.daemon.ctl(["report"].iter().chain(words));
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{words:?}: {output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let future = refused(&["--week", "2199-W01", "--time-zone", "UTC"]);
    assert!(future.contains("2199-W01") && future.contains("begun"), "{future}");
    refused(&["--week", "2026-W54"]);
    refused(&["--since", "2026-11-02", "--until", "2026-11-01", "--time-zone", "UTC"]);
    refused(&["--week", "2026-W01", "--since", "7d"]);
    let zone = refused(&["--time-zone", "Mars/Olympus"]);
    assert!(zone.contains("Mars/Olympus"), "{zone}");
}

fn a_week_in_which_the_clock_changes_has_its_hours() {
    let watch = Watch::start(&[]);
    for (week, hours) in [("2026-W13", 167), ("2026-W12", 168), ("2025-W43", 169)] {
        let words = ["report", "--json", "--week", week, "--time-zone", "Europe/Berlin"];
        let output = watch.daemon.ctl(words);
        let report: Report = serde_json::from_slice(&output.stdout).expect("it is one row");
        let range = &report.range;
        assert_eq!((range.until.ms() - range.from.ms()) / 3_600_000, hours, "{week}");
        assert_eq!((report.days.len(), range.week.as_deref()), (7, Some(week)));
    }
}

fn a_daemon_that_is_down_reports_nothing() {
    let watch = Watch::start(&[]);
    watch.daemon.stop();
    for words in
        [&["report", "--time-zone", "UTC"][..], &["report", "--absence", "--dir", "/nowhere"]]
    {
        let output = watch.daemon.ctl(words);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{words:?}: {output:?}");
    }
}

fn report(watch: &Watch, words: &[&str]) -> Report {
    let words = ["report", "--json", "--time-zone", "UTC"].iter().chain(words);
    let output = watch.daemon.ctl(words);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("it is one row")
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("it is text")
}
