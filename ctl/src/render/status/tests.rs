use trackway_protocol::record::Risk;
use trackway_protocol::row::{Backfill, LedgerStatus, Paths, ReportsStatus, ZoneFile};

use super::*;
use crate::render::written;

fn source(name: &str, tier: &str, state: &str, reason: &str) -> SourceStatus {
    SourceStatus {
        name: name.into(),
        tier: tier.into(),
        state: state.into(),
        reason: reason.into(),
        since: "2026-11-23T09:00:00Z".parse().unwrap(),
    }
}

fn status() -> Status {
    Status {
        version: "0.1.0".into(),
        pid: 4711,
        started_at: "2026-11-16T08:00:00Z".parse().unwrap(),
        recording: true,
        sources: vec![
            source("launches", "proc-connector", "active", "the kernel tells every exec and exit"),
            source(
                "open-exec",
                "fanotify",
                "degraded",
                "1 of 2 programs could not be watched, because its file system does not support it",
            ),
        ],
        ledger: LedgerStatus { records: 12_345, bytes: 3_449_000, seq: 12_345, begins_at: None },
        backfill: Backfill { state: "done".into(), done_bytes: 0, total_bytes: 0 },
        running: 2,
        launches: 1057,
        paths: Paths {
            state_dir: "/home/ann/.local/state/trackway".into(),
            config: "/home/ann/.config/trackway/config.toml".into(),
            socket: "/run/user/1000/trackway/trackwayd.sock".into(),
        },
        agents: vec![
            AgentInstall {
                agent: "claude".into(),
                exe: "/home/ann/.local/share/claude/versions/2.1.30".into(),
                version: Some("2.1.30".into()),
                counted: true,
            },
            AgentInstall {
                agent: "codex".into(),
                exe: "/opt/codex".into(),
                version: None,
                counted: false,
            },
        ],
        sealed: Some(SealedStatus { size: 12_340, at: "2026-11-23T08:57:00Z".parse().unwrap() }),
        ledger_notes: vec![],
        zones: None,
        managed: vec![],
        config_notes: vec![],
        paused_until: None,
        paused_since: None,
        scope: None,
        reports: None,
    }
}

fn gap(state: &str, until: Option<&str>) -> GapRow {
    GapRow {
        seq: 1,
        source: "poll".into(),
        state: state.into(),
        from: "2026-11-20T09:00:00Z".parse().unwrap(),
        until: until.map(|until| until.parse().unwrap()),
        reason: "r".into(),
        missed: None,
        unit: None,
        unnamed: None,
    }
}

#[test]
fn a_ledger_that_cannot_be_written_is_the_headline() {
    let note = "no record can be written".to_owned();
    let status = Status { recording: false, ledger_notes: vec![note], ..status() };
    let text = written(|out| write(&status, (Some(&[]), None), &View::plain(), out));
    let headline = "NOT recording launches: no record can be written. Try `trackwayctl doctor`.";
    assert_eq!(text.lines().next(), Some(headline));
    assert!(text.contains("           no record can be written\n"), "{text}");
}

#[test]
fn a_working_recorder_is_told_in_a_few_lines() {
    let week = TimeRow { recorded_ms: 7_200_000, off_ms: 3_600_000, ..TimeRow::default() };
    assert_eq!(
        written(|out| write(&status(), (Some(&[]), Some(&week)), &View::plain(), out)),
        "\
Recording launches for 3 h.

launches   active for 3 h: proc-connector
           the kernel tells every exec and exit
open-exec  degraded for 3 h: fanotify
           1 of 2 programs could not be watched, because its file system does
           not support it
running    2 agents now; 1,057 launches recorded in all
gaps       none recorded in the last 7 days
last 7 d   recorded 100.0 % of 2h 0m; off 1h 0m
ledger     12,345 records, 3.4 MB, in ~/.local/state/trackway
sealed     up to record 12,340, 3 h ago
daemon     trackwayd 0.1.0, pid 4711, up since Nov 16 08:00
config     ~/.config/trackway/config.toml
agents     claude 2.1.30, ~/.local/share/claude/versions/2.1.30
           codex ?, /opt/codex (its runs are not counted)
"
    );
}

#[test]
fn a_recorder_that_does_not_record_says_so_first_and_why() {
    let mut status = status();
    status.recording = false;
    status.sources = vec![source("launches", "none", "lost", "the process table cannot be read.")];
    assert_eq!(
        headline(&status, &View::plain()),
        "NOT recording launches: the process table cannot be read. \
         Try `trackwayctl doctor`."
    );
    status.recording = true;
    assert_eq!(headline(&status, &View::plain()), "Recording launches, but lost for 3 h: none.");
}

#[test]
fn programs_that_differ_in_their_place_alone_share_a_line() {
    let mut installs = status().agents;
    for place in ["/a", "/b"] {
        installs.push(AgentInstall { exe: place.into(), ..installs[0].clone() });
    }
    installs.push(AgentInstall { exe: "/c".into(), ..installs[1].clone() });
    installs.push(AgentInstall { version: Some("2.1.31".into()), ..installs[0].clone() });
    let lines: Vec<_> = alike(&installs).iter().map(|alike| agent(alike, &View::piped())).collect();
    assert_eq!(
        lines,
        [
            "claude 2.1.30, ~/.local/share/claude/versions/2.1.30 and 2 more places",
            "codex ?, /opt/codex and 1 more place (its runs are not counted)",
            "claude 2.1.31, ~/.local/share/claude/versions/2.1.30",
        ]
    );
}

#[test]
fn a_scope_is_told_with_what_it_leaves_out() {
    let list = |typed: &[&str]| typed.iter().map(|it| (*it).to_owned()).collect();
    let (include, exclude) = (list(&["~/work/**"]), list(&["~/a", "remote:h/x"]));
    let told = of_scope(&ScopeStatus { include, exclude: exclude.clone(), left_out: 1200 });
    assert_eq!(told, "only ~/work/**, not ~/a, remote:h/x; 1,200 records left out");
    let told = of_scope(&ScopeStatus { include: vec![], exclude, left_out: 1 });
    assert_eq!(told, "everywhere, not ~/a, remote:h/x; 1 record left out");
}

#[test]
fn a_pause_is_the_headline() {
    let paused_until = Some("2026-11-23T15:30:00Z".parse().unwrap());
    let status = Status { recording: false, paused_until, ..status() };
    let told = "PAUSED: nothing is recorded until Nov 23 15:30. `trackwayctl resume` ends it.";
    assert_eq!(headline(&status, &View::plain()), told);
    let paused_since = Some("2026-11-23T11:00:00Z".parse().unwrap());
    let told = headline(&Status { paused_since, ..status }, &View::plain());
    assert!(told.starts_with("PAUSED since Nov 23 11:00: nothing is recorded until "), "{told}");
}

#[test]
fn what_the_machine_decides_is_told_below_the_configuration() {
    let managed = vec!["ledger.keep = 30d (/etc/t)".into(), "log.level = info (/etc/t)".into()];
    let config_notes = vec!["/u, line 2: ledger.keep does not count: /etc/t sets it".into()];
    let status = Status { managed, config_notes, ..status() };
    let text = written(|out| write(&status, (None, None), &View::piped(), out));
    let wanted = "\
config     ~/.config/trackway/config.toml
           /u, line 2: ledger.keep does not count: /etc/t sets it
managed    ledger.keep = 30d (/etc/t)
           log.level = info (/etc/t)
";
    assert!(text.contains(wanted), "{text}");
}

#[test]
fn the_newest_report_is_named_and_what_keeps_it_from_being_written() {
    let lines = |reports: ReportsStatus| {
        let status = Status { reports: Some(reports), ..status() };
        let text = written(|out| write(&status, (None, None), &View::piped(), out));
        let reports = text.lines().skip_while(|line| !line.starts_with("reports"));
        let reports = reports.take_while(|line| !line.starts_with("daemon"));
        reports.map(|line| line.trim_start_matches("reports").trim().to_owned()).collect::<Vec<_>>()
    };
    let none = ReportsStatus::default();
    assert_eq!(lines(none.clone()), ["none yet: a week is written when it is over"]);
    let newest = ReportsStatus {
        dir: "/s/reports".into(),
        newest: Some("2026-W47".into()),
        files: vec!["a.html".into(), "a.md".into()],
        problem: Some("it is full".into()),
    };
    assert_eq!(lines(newest), ["2026-W47: a.html, a.md in /s/reports", "it is full"]);
}

#[test]
fn zones_are_told_where_there_is_any_rule() {
    let lines = |zones: ZonesStatus| {
        let status = Status { zones: Some(zones), ..status() };
        let text = written(|out| write(&status, (None, None), &View::piped(), out));
        let sealed = text.lines().skip_while(|line| !line.starts_with("sealed"));
        let zones = sealed.skip(1).take_while(|line| !line.starts_with("daemon"));
        zones.map(|line| line.trim_start_matches("zones").trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lines(ZonesStatus::default()), [""; 0]);
    let file = ZoneFile { zones: 3, state: "in-force".into(), ..ZoneFile::default() };
    let quiet = ZonesStatus { files: vec![file.clone()], ..ZonesStatus::default() };
    assert_eq!(lines(quiet.clone()), ["3 zones; no open entry"]);
    let entered = ZonesStatus { open: 2, worst: Risk::High, ..quiet };
    assert_eq!(
        lines(entered.clone()),
        ["3 zones; 2 open entries, the gravest high: `trackwayctl zones entries --open`"]
    );
    let (path, reason) = ("/etc/z".into(), Some("line 1: x".into()));
    let failing = ZoneFile { path, reason, zones: 1, state: "failing".into(), ..file.clone() };
    let broken = lines(ZonesStatus { files: vec![file, failing], ..entered });
    assert!(broken[0].starts_with("4 zones; 2 open entries"), "{broken:?}");
    assert_eq!(
        broken[1..],
        ["/etc/z cannot be used: line 1: x; what was in force before still is: 1 zone"]
    );
}

#[test]
fn gaps_are_counted_apart_from_time_that_was_off() {
    let gaps = [gap("lost", None), gap("off", Some("2026-11-20T10:00:00Z"))];
    assert_eq!(
        in_the_week(Some(&gaps)),
        "1 in the last 7 days, 1 not over; off 1 time: see `trackwayctl gaps`"
    );
    assert_eq!(in_the_week(None), "? (the question failed)");
}

#[test]
fn reading_of_older_files_is_shown_while_it_lasts() {
    let mut status = status();
    status.backfill =
        Backfill { state: "running".into(), done_bytes: 1_000_000, total_bytes: 4_000_000 };
    let text = written(|out| write(&status, (None, None), &View::plain(), out));
    assert!(
        text.contains("backfill   running: 25 %, 1.0 MB of 4.0 MB of session files read\n"),
        "{text}"
    );
}
