//! `report`: what is asked, in which form it comes and where it goes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};

use serde_json::{Value, json};
use trackway_protocol::report::{Report, VERSION};
use trackway_report::{Format, csv, render};

use crate::fake::{Ended, Fake, block};

/// A report with a hostile name in it.
fn report() -> Report {
    let version = "0.1.0".into();
    let mut report = Report { report: VERSION, seq: 41, version, ..Report::default() };
    report.elsewhere.dirs = vec!["/tmp/\u{202e}\u{1b}[2J".into()];
    report.sealed()
}

/// Answers with this, without blanks as a daemon does.
pub(crate) fn saying(answer: &impl serde::Serialize) -> (Fake, String) {
    let line = serde_json::to_string(answer).unwrap();
    let answer = line.clone();
    (Fake::answering(move |_| block("rows", &[&answer])), line)
}

fn asked() -> (Fake, Receiver<Value>) {
    let (sender, requests) = mpsc::channel();
    let line = serde_json::to_string(&report()).unwrap();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        block("rows", &[&line])
    });
    (daemon, requests)
}

/// Asks about a week that is over, in a zone that every system knows.
pub(crate) fn run(daemon: &Fake, args: &[&str]) -> Ended {
    daemon.run(&[&["report", "--week", "2020-W40", "--time-zone", "UTC"], args].concat())
}

pub(crate) fn read(daemon: &Fake, name: &str) -> String {
    fs::read_to_string(daemon.home.path().join(name)).unwrap()
}

fn mode(daemon: &Fake, name: &str) -> u32 {
    fs::metadata(daemon.home.path().join(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_week_is_asked_for_by_its_name_its_range_and_its_zone() {
    let (daemon, requests) = asked();
    let args = ["--agent", "codex", "--repo", "github.com/o/r", "--dir", "~/src"];
    assert_eq!(run(&daemon, &args).code, 0);
    let expected = json!({"type": "report", "id": 1, "week": "2020-W40", "time_zone": "UTC",
        "filter": {"since_ms": 1_601_251_200_000_i64, "until_ms": 1_601_856_000_000_i64,
            "agent": "codex", "repo": "github.com/o/r", "dir": "/home/ann/src"}});
    assert_eq!(requests.recv().unwrap(), expected);

    let range = ["report", "--since", "2020-09-28", "--until", "2020-10-05"];
    let output = daemon.command(&range).env("TZ", "Europe/Berlin").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let expected = json!({"type": "report", "id": 1, "time_zone": "Europe/Berlin",
        "filter": {"since_ms": 1_601_244_000_000_i64, "until_ms": 1_601_848_800_000_i64}});
    assert_eq!(requests.recv().unwrap(), expected);
}

#[test]
fn a_system_whose_time_zone_has_no_name_is_told_to_name_one() {
    let nobody = Fake::absent();
    let mut command = nobody.command(&["report"]);
    let output = command.env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("error: this system's time zone has no name: give one with --time-"));
    assert!(told.ends_with("hint: name it as in Europe/Berlin, or UTC\n"), "{told}");
}

#[test]
fn what_makes_no_sense_is_told_whether_a_daemon_runs_or_not() {
    let nobody = Fake::absent();
    for args in [
        &["--week", "2020-W40", "--since", "2020-01-01"][..],
        &["--week", "2020-W40", "--until", "2020-01-01"],
        &["--week", "9998-W01"],
        &["--week", "2020-W54"],
        &["--until", "2020-01-01"],
        &["--since", "2020-01-02", "--until", "2020-01-01"],
        &["--since", "9000-01-01"],
        &["--time-zone", "Europe/Atlantis"],
        &["--format", "pdf"],
        &["--format", "md", "--json"],
        &["--format", "html", "-o", "week.csv"],
        &["--format", "csv", "--table", "weather"],
        &["--table", "repos"],
        &["--absence"],
        &["--absence", "--repo", ".", "--dir", "."],
        &["--absence", "--dir", ".", "--agent", "codex"],
        &["--absence", "--dir", ".", "--table", "repos"],
        &["--absence", "--dir", ".", "--format", "csv"],
        &["--absence", "--dir", ".", "-o", "x.html"],
    ] {
        let mut command = nobody.command(&[&["report"], args].concat());
        let output = command.env("TZ", "UTC").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
    }
    assert_eq!(run(&nobody, &[]).code, 3);
}

#[test]
fn on_standard_output_it_is_a_page_a_table_or_the_bytes_that_were_sealed() {
    let report = report();
    let (daemon, line) = saying(&report);
    let printed = |args: &[&str]| {
        let ended = run(&daemon, args);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{args:?}");
        ended.stdout
    };
    assert_eq!(printed(&[]), render(&report, Format::Markdown));
    assert_eq!(printed(&["--format", "html", "-o", "-"]), render(&report, Format::Html));
    assert_eq!(printed(&["--format", "csv"]), csv::repos(&report));
    let days = csv::table(&report, "days").unwrap();
    assert_eq!(printed(&["--format", "csv", "--table", "days"]), days);
    for json in [&["--json"][..], &["--format", "json"], &["--json", "--format", "json"]] {
        assert_eq!(printed(json), format!("{line}\n"));
    }
}

#[test]
fn a_file_is_written_in_the_format_of_its_name_for_its_owner_alone() {
    let report = report();
    let (daemon, line) = saying(&report);
    for (name, text) in [
        ("week.md", render(&report, Format::Markdown)),
        ("week.html", render(&report, Format::Html)),
        ("week.csv", csv::repos(&report)),
        ("week.json", format!("{line}\n")),
    ] {
        fs::write(daemon.home.path().join(name), "before").unwrap();
        let ended = run(&daemon, &["-o", name]);
        let told = (ended.code, ended.stdout.as_str(), ended.stderr);
        assert_eq!(told, (0, "", format!("wrote {name}\n")));
        assert_eq!((read(&daemon, name), mode(&daemon, name)), (text, 0o600), "{name}");
    }
    assert_eq!(run(&daemon, &["-o", "no/such/dir/x"]).code, 1);
}

#[test]
fn a_file_in_a_directory_is_named_for_its_time() {
    let (daemon, line) = saying(&report());
    let ended = run(&daemon, &["--json", "-o", "new/deep/"]);
    let told = (ended.code, ended.stderr.as_str());
    assert_eq!(told, (0, "wrote new/deep/trackway-2020-W40.json\n"));
    assert_eq!(read(&daemon, "new/deep/trackway-2020-W40.json"), format!("{line}\n"));
    assert_eq!(mode(&daemon, "new/deep"), 0o700);
    assert_eq!(run(&daemon, &["-o", "new", "--agent", "codex"]).code, 0);
    assert!(daemon.home.path().join("new/trackway-2020-W40-codex.md").exists());

    let range = ["--since", "2020-09-28", "--until", "2020-10-05", "--time-zone", "UTC"];
    let html = ["report", "--format", "html", "-o", "new"];
    assert_eq!(daemon.run(&[&html[..], &range].concat()).code, 0);
    assert!(daemon.home.path().join("new/trackway-2020-09-28--2020-10-05.html").exists());
}

#[test]
fn tables_in_a_directory_are_a_file_each() {
    let report = report();
    let (daemon, _) = saying(&report);
    let ended = run(&daemon, &["--format", "csv", "-o", "tables/"]);
    let tables = csv::tables(&report);
    let told = format!("wrote {} tables to tables/\n", tables.len());
    assert_eq!((ended.code, ended.stderr), (0, told));
    for table in &tables {
        let name = format!("tables/{}.csv", table.name);
        assert_eq!((read(&daemon, &name), mode(&daemon, &name)), (table.text.clone(), 0o600));
    }
    let ended = run(&daemon, &["--format", "csv", "--table", "days", "-o", "one/"]);
    assert_eq!(ended.stderr, "wrote one/days.csv\n");
    assert_eq!(fs::read_dir(daemon.home.path().join("one")).unwrap().count(), 1);
}

#[test]
fn a_report_whose_hash_is_wrong_is_shown_to_nobody() {
    let (daemon, _) = saying(&Report { seq: 42, ..report() });
    for args in [&["--json"][..], &[], &["-o", "x.json"]] {
        let ended = run(&daemon, args);
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{args:?}");
        let told = "error: trackwayd's answer cannot be understood: its sha256 is not that of what";
        assert!(ended.stderr.starts_with(told), "{ended:?}");
    }
    assert!(!Path::new(&daemon.home.path().join("x.json")).exists());
    let empty = Fake::answering(|_| block("rows", &[]));
    assert_eq!(run(&empty, &[]).code, 1);
}

#[test]
fn a_report_in_a_newer_format_is_passed_on_as_json_and_not_shown() {
    let (daemon, line) =
        saying(&json!({"report": 2, "sha256": ["of another kind"], "absent": true}));
    let ended = run(&daemon, &["--json"]);
    assert_eq!((ended.code, ended.stdout), (0, format!("{line}\n")));
    assert!(ended.stderr.starts_with("the report is in format 2, which this"), "{}", ended.stderr);
    let ended = run(&daemon, &["-o", "x.md"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (4, ""));
    let told = "error: trackwayd 0.1.0 makes reports in format 2, ";
    assert!(ended.stderr.starts_with(told), "{ended:?}");
    assert!(ended.stderr.contains("hint: this program is older than the running daemon"));
    assert!(!daemon.home.path().join("x.md").exists());
    // What it says about an absence is not known, whatever it looks like.
    let ended = run(&daemon, &["--absence", "--dir", ".", "--json"]);
    assert_eq!((ended.code, ended.stdout), (4, format!("{line}\n")));
}

#[test]
fn a_daemon_that_makes_no_reports_is_told_to_be_restarted() {
    let older = Fake::answering(|_| {
        r#"{"type":"failure","code":"bad-request","message":"this is no request: unknown variant"}"#
            .into()
    });
    for args in [&[][..], &["--absence", "--dir", "."]] {
        let ended = run(&older, args);
        assert_eq!(ended.code, 4);
        let told = "error: trackwayd 0.1.0 makes no reports: it does not know the question\nhint: ";
        assert!(ended.stderr.starts_with(told), "{ended:?}");
    }
    let refusing = Fake::answering(|_| {
        r#"{"type":"failure","id":1,"code":"bad-request","message":"no time zone"}"#.into()
    });
    let ended = run(&refusing, &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (1, "error: no time zone\n"));
}

#[test]
fn session_files_that_are_still_being_read_are_noted() {
    let line = serde_json::to_string(&report()).unwrap();
    let daemon = Fake::answering(move |_| {
        let end = r#"{"type":"done","id":1,"backfill":{"state":"running","done_bytes":41,"total_bytes":100}}"#;
        format!("{{\"type\":\"rows\",\"id\":1,\"count\":1}}\n{line}\n{end}")
    });
    let ended = run(&daemon, &["--json"]);
    let told = (ended.code, ended.stderr.as_str());
    assert_eq!(told, (0, "session files are still being read: 41 %\n"));
}
