//! `report --absence`: what is asked, and what the answer is worth.

use std::sync::mpsc;

use serde_json::json;
use trackway_protocol::report::{Absence, VERSION};
use trackway_protocol::row::TimeRow;
use trackway_report::markdown;

use crate::fake::{Fake, block};
use crate::report::{read, run, saying};

fn time(recorded_ms: u64) -> TimeRow {
    let at = "2026-11-16T00:00:00.000Z".parse().unwrap();
    TimeRow {
        source: "proc-connector".into(),
        from: at,
        until: at,
        recorded_ms,
        degraded_ms: 0,
        blind_ms: 0,
        off_ms: 0,
        unrecorded_ms: 0,
        blind_gaps: 0,
    }
}

fn absence(absent: bool, known: bool, recorded_ms: u64) -> Absence {
    let time = vec![time(recorded_ms)];
    Absence { report: VERSION, seq: 41, absent, known, time, ..Absence::default() }.sealed()
}

#[test]
fn an_absence_is_asked_about_one_place_and_all_that_is_recorded() {
    let (sender, requests) = mpsc::channel();
    let line = serde_json::to_string(&absence(true, true, 1)).unwrap();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        block("rows", &[&line])
    });
    let nameless = ["report", "--absence", "--dir", "~/src"];
    let output = daemon.command(&nameless).env("TZ", "CET-1CEST").output().unwrap();
    assert!(output.status.success(), "no zone is named: {output:?}");
    let expected = json!({"type": "absence", "id": 1, "filter": {"dir": "/home/ann/src"}});
    assert_eq!(requests.recv().unwrap(), expected);
    assert_eq!(run(&daemon, &["--absence", "--repo", "github.com/o/r"]).code, 0);
    let expected = json!({"since_ms": 1_601_251_200_000_i64, "until_ms": 1_601_856_000_000_i64,
        "repo": "github.com/o/r"});
    assert_eq!(requests.recv().unwrap()["filter"], expected);
}

#[test]
fn an_absence_is_told_by_the_exit_code_as_well() {
    for (absence, code, told) in [
        (absence(true, true, 1), 0, ""),
        (absence(true, false, 1), 0, "the ledger has never heard of ~/secret: is it spelt so?\n"),
        (absence(false, true, 1), 1, "error: ~/secret was touched\n"),
        (
            absence(true, true, 0),
            1,
            "error: nothing was recorded in that time: it is not known whether ~/secret was \
             touched\nhint: `trackwayctl status` tells since when it is recorded, `trackwayctl \
             gaps` when not\n",
        ),
    ] {
        let (daemon, line) = saying(&absence);
        let ask = ["--absence", "--dir", "~/secret"];
        let ended = run(&daemon, &ask);
        assert_eq!((ended.code, ended.stderr.as_str()), (code, told));
        assert_eq!(ended.stdout, markdown::absence(&absence));
        let json = run(&daemon, &[&ask[..], &["--json"]].concat());
        assert_eq!((json.code, json.stdout), (code, format!("{line}\n")));
    }
    let (daemon, line) = saying(&absence(false, true, 1));
    let ended = run(&daemon, &["--absence", "--dir", "~/secret", "--json", "-o", "./"]);
    let name = "trackway-absence-2020-W40-secret.json";
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.starts_with(&format!("wrote ./{name}\nerror: ")), "{ended:?}");
    assert_eq!(read(&daemon, name), format!("{line}\n"));
}
