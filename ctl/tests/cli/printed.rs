//! What is printed: tables for people, the lines as they came for programs.

use std::process::Command;

use clap::Parser as _;
use trackway_ctl::{Cli, Surroundings};

use crate::fake::{Fake, LAUNCH, block, record};

#[test]
fn json_rows_are_printed_byte_for_byte() {
    let odd = r#"{"b" : 1,  "a":"\u00e9é", "new":[ ]}"#;
    let daemon = Fake::answering(move |_| block("rows", &[odd, odd]));
    for args in [
        &["launches"][..],
        &["dirs"],
        &["repos"],
        &["who", "."],
        &["gaps"],
        &["status"],
        &["config"],
        &["config", "show"],
        &["config", "findings"],
        &["findings"],
        &["gaps", "--time"],
        &["zones"],
        &["zones", "entries"],
        &["zones", "explain", "."],
        &["zones", "ack", "7"],
    ] {
        let ended = daemon.run(&[args, &["--json"]].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (0, format!("{odd}\n{odd}\n").as_str()));
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn captured_text_cannot_act_on_the_terminal() {
    let daemon = Fake::answering(|_| block("rows", &[LAUNCH]));
    let ended = daemon.run(&["launches"]);
    assert!(ended.stdout.contains(r"~/\x1b[2J\u{202e}src"), "{}", ended.stdout);
    assert!(!ended.stdout.contains(['\x1b', '\u{202e}']));
}

/// Runs a command within this process, as if it wrote to a terminal or not.
fn written(daemon: &Fake, terminal: bool, args: &[&str]) -> String {
    let mut around = Surroundings::of_process(&std::io::stdout());
    around.terminal = terminal;
    let socket = daemon.socket();
    let cli = Cli::try_parse_from(
        ["trackwayctl", "--socket", socket.to_str().unwrap()].iter().chain(args),
    );
    let mut out = Vec::new();
    // Following ends with an error, as the daemon goes away.
    trackway_ctl::run(&cli.unwrap(), &around, &mut out, &mut Vec::new()).ok();
    String::from_utf8(out).unwrap()
}

#[test]
fn json_cannot_act_on_the_terminal_either_and_means_the_same_there() {
    let hostile = record(7).replace("0.1.0", "\u{9b}2J\u{7f}\u{202e}é");
    let line = hostile.clone();
    let daemon = Fake::answering(move |request| match request["type"].as_str() {
        Some("export" | "tail") => block("records", &[&line]),
        _ => block("rows", &[&line]),
    });
    let escaped = record(7).replace("0.1.0", r"\u009b2J\u007f\u202eé");
    for args in
        [&["launches", "--json"][..], &["show", "7", "--json"], &["tail", "--json"], &["export"]]
    {
        assert_eq!(written(&daemon, false, args), format!("{hostile}\n"), "{args:?}");
        assert_eq!(written(&daemon, true, args), format!("{escaped}\n"), "{args:?}");
    }
}

#[test]
fn a_sheet_cannot_act_on_the_terminal_either() {
    let hostile = record(7).replace("0.1.0", "\u{9b}2J\u{7f}\u{202e}é");
    let daemon = Fake::answering(move |_| block("records", &[&hostile]));
    let shown = |terminal| written(&daemon, terminal, &["export", "--format", "csv"]);
    assert!(!shown(true).contains(['\u{9b}', '\u{7f}', '\u{202e}']), "{}", shown(true));
    assert!(shown(true).contains(r"\u{9b}2J\x7f\u{202e}é"), "{}", shown(true));
    assert!(shown(false).contains("\u{202e}é"), "{}", shown(false));
}

#[test]
fn progress_is_shown_where_somebody_watches_and_the_output_goes_elsewhere() {
    // A second's work: the daemon takes its time.
    let daemon = Fake::answering(|request| match request["type"].as_str() {
        Some("status") => {
            let status = r#"{"version":"0.1.0","pid":1,"started_at":"2026-11-23T11:00:00.000Z","recording":true,"sources":[],"ledger":{"records":50,"bytes":1,"seq":50},"backfill":{"state":"done","done_bytes":0,"total_bytes":0},"running":0,"launches":0,"paths":{"state_dir":"/s","config":"/c","socket":"/x"}}"#;
            block("rows", &[status])
        }
        _ => {
            std::thread::sleep(std::time::Duration::from_millis(150));
            block("records", &[&record(41)])
                .replace("\"id\":1,\"count\"", "\"id\":2,\"count\"")
                .replace("\"id\":1,\"seq\"", "\"id\":2,\"seq\"")
        }
    });
    let noted = |terminal| {
        let mut around = Surroundings::of_process(&std::io::stdout());
        (around.terminal, around.watched) = (terminal, true);
        let socket = daemon.socket();
        let cli = Cli::parse_from(["trackwayctl", "--socket", socket.to_str().unwrap(), "export"]);
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let outcome = trackway_ctl::run(&cli, &around, &mut out, &mut notes);
        (outcome.is_ok(), String::from_utf8(notes).unwrap())
    };
    let (is_done, notes) = noted(false);
    assert!(is_done && notes.starts_with("\rrecord 41 of 50, 82 %, "), "{notes:?}");
    assert!(notes.ends_with(" \r`--after 41` continues from here\n"), "{notes:?}");
    // On the terminal itself nothing is asked but the export, whose number is another here.
    assert_eq!(noted(true).1, "");
}

#[test]
fn rows_are_shortened_only_to_a_width_that_somebody_asked_for() {
    let deep = LAUNCH.replace("src", "src/one/two/three/four/five/six/seven/eight/nine/ten/eleven");
    let daemon = Fake::answering(move |_| block("rows", &[&deep]));
    let width = |command: &mut Command| {
        let output = command.output().unwrap().stdout;
        String::from_utf8(output).unwrap().lines().map(|line| line.chars().count()).max().unwrap()
    };
    assert!(width(&mut daemon.command(&["launches"])) > 100);
    assert!(width(daemon.command(&["launches"]).env("COLUMNS", "80")) <= 80);
}

#[test]
fn a_launch_is_shown_with_its_records() {
    let started = record(1);
    let daemon = Fake::answering(move |request| {
        assert_eq!(request["of"], "3f2a");
        let row = format!("{{\"type\":\"rows\",\"id\":1,\"count\":1}}\n{LAUNCH}\n");
        row + &block("records", &[&started])
    });
    let ended = daemon.run(&["show", "3f2a"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with("launch         3f2a9c41-0000-8000-8000-000000000001\n"));
    assert!(ended.stdout.ends_with("daemon  trackwayd 0.1.0 started (pid 9): x\n"), "{ended:?}");
    let json = daemon.run(&["show", "3f2a", "--json"]);
    assert_eq!(json.stdout, format!("{LAUNCH}\n{}\n", record(1)));
}

#[test]
fn without_rows_a_sentence_says_so_and_it_is_no_failure() {
    let daemon = Fake::answering(|_| block("rows", &[]));
    for (args, sentence) in [
        (vec!["launches"], "No launch is recorded."),
        (vec!["launches", "--running"], "No launch is known to be running."),
        (vec!["dirs", "--agent", "codex"], "No directory is recorded of codex."),
        (vec!["repos", "--mode", "headless"], "No repository is recorded with --mode headless."),
        (vec!["config"], "No change of configuration is recorded."),
        (vec!["config", "--found", "--agent", "claude"], "No setting is recorded of claude."),
        (vec!["config", "findings"], "No risky setting is known."),
        (vec!["findings", "--agent", "codex"], "No finding is known of codex."),
        (vec!["config", "show"], "No setting is known to be in force."),
        (
            vec!["gaps", "--since", "2026-11-16T12:00:00Z"],
            "No gap is recorded from Nov 16 12:00 to now.",
        ),
    ] {
        let ended = daemon.run(&args);
        assert_eq!(ended.code, 0);
        assert_eq!(ended.stdout.lines().next(), Some(sentence));
        assert_eq!(daemon.run(&[args, vec!["--json"]].concat()).stdout, "");
    }
}

#[test]
fn rows_that_a_table_leaves_out_are_noted_where_a_pipe_does_not_swallow_it() {
    let daemon = Fake::answering(|request| {
        assert_eq!(request["filter"]["limit"], 3);
        format!(
            "{{\"type\":\"rows\",\"id\":1,\"count\":3}}\n{LAUNCH}\n{LAUNCH}\n{LAUNCH}\n{{\"type\":\"done\",\"id\":1,\"more\":7}}"
        )
    });
    let ended = daemon.run(&["launches", "--limit", "2"]);
    assert_eq!(ended.stdout.lines().count(), 3);
    assert_eq!(ended.stderr, "… 8 more, use --limit\n");
}

#[test]
fn the_state_is_told_together_with_the_gaps_of_the_week() {
    let status = r#"{"version":"0.1.0","pid":7,"started_at":"2026-11-16T08:00:00.000Z","recording":true,"sources":[],"ledger":{"records":1,"bytes":1,"seq":1},"backfill":{"state":"done","done_bytes":0,"total_bytes":0},"running":0,"launches":0,"paths":{"state_dir":"/s","config":"/c","socket":"/k"},"agents":[],"weather":"fine"}"#;
    let daemon = Fake::answering(move |request| match request["type"].as_str() {
        Some("status") => block("rows", &[status]),
        _ => format!(
            "{{\"type\":\"failure\",\"id\":{},\"code\":\"storage\",\"message\":\"m\"}}",
            request["id"]
        ),
    });
    let ended = daemon.run(&["status"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with("Recording launches.\n"), "{ended:?}");
    assert!(ended.stdout.contains("gaps     ? (the question failed)\n"), "{ended:?}");
    assert_eq!(daemon.run(&["status", "--json"]).stdout, format!("{status}\n"));
}
