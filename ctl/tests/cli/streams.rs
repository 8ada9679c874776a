//! `tail` and `export`: records as they come, and how that ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::sync::mpsc;

use crate::fake::{Fake, HELLO, LAUNCH, block, done, record};

#[test]
fn tail_shows_each_record_at_once_and_says_when_the_daemon_goes_away() {
    let (go_on, wait) = mpsc::channel::<()>();
    let daemon = Fake::new(move |talk| {
        talk.say(HELLO);
        let request = talk.request().unwrap();
        assert_eq!((&request["type"], &request["after"]), (&"tail".into(), &40.into()));
        talk.say(&format!("{{\"type\":\"records\",\"id\":1,\"count\":1}}\n{}", record(41)));
        wait.recv().unwrap();
    });
    let mut command = daemon.command(&["tail", "--json", "--after", "40"]);
    let mut tail = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(tail.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, record(41) + "\n");
    go_on.send(()).unwrap();
    assert_eq!(tail.wait().unwrap().code(), Some(3));
    let mut errors = String::new();
    tail.stderr.unwrap().read_to_string(&mut errors).unwrap();
    assert!(errors.starts_with("error: trackwayd has gone away\n"), "{errors}");
    assert!(errors.ends_with("hint: `--after 41` continues where this ended\n"), "{errors}");
}

#[test]
fn tail_ends_with_success_when_nobody_reads_it_any_more() {
    let daemon = Fake::new(|talk| {
        talk.say(HELLO);
        while talk.request().is_some() {}
    });
    let mut command = daemon.command(&["tail"]);
    let mut tail = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(tail.stdout.take());
    assert_eq!(tail.wait().unwrap().code(), Some(0));
}

#[test]
fn a_pipe_that_is_closed_in_the_middle_is_success() {
    let daemon = Fake::answering(|_| {
        let record = record(1);
        block("records", &vec![record.as_str(); 10_000])
    });
    let mut export = daemon.command(&["export"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    export.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(export.wait().unwrap().code(), Some(0));
}

#[test]
fn an_export_is_the_stored_bytes() {
    let odd = record(41).replace(':', ": ");
    let line = odd.clone();
    let daemon = Fake::answering(move |_| block("records", &[&line]));
    assert_eq!(daemon.run(&["export", "--format", "ndjson"]).stdout, format!("{odd}\n"));

    let ended = daemon.run(&["export", "-o", "week.ndjson"]);
    let file = daemon.home.path().join("week.ndjson");
    assert!(ended.stdout.starts_with("1 record, up to number 41, in "), "{ended:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{odd}\n"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(daemon.run(&["export", "-o", "/dev/null"]).code, 0);
    assert_eq!(daemon.run(&["export", "-o", "no/such/dir/x"]).code, 1);
}

#[test]
fn an_export_for_spreadsheets_has_a_row_per_record_and_no_formula() {
    let hostile = record(41).replace("\"x\"", r#""=cmd|' /C calc'!A1\n\u001b[2J\"""#);
    let line = hostile.clone();
    let daemon = Fake::answering(move |_| block("records", &[&line, &record(42)]));
    let sheet = daemon.run(&["export", "--format", "csv"]).stdout;
    assert_eq!(sheet.lines().count(), 3, "{sheet}");
    assert!(sheet.starts_with("seq,id,at,recorded_at,kind,evidence,"), "{sheet}");
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    let titles = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let cell = |title: &str| &rows[0][titles.iter().position(|name| name == title).unwrap()];
    assert_eq!((cell("seq"), cell("version"), cell("how")), ("41", "0.1.0", ""));
    assert_eq!(cell("reason"), r#"'=cmd|' /C calc'!A1\n\x1b[2J""#);
    assert!(hostile.ends_with(&format!("\"body\":{}}}", cell("body"))), "{sheet}");

    assert_eq!(daemon.run(&["export", "--format", "csv", "-o", "x.csv"]).code, 0);
    assert_eq!(fs::read_to_string(daemon.home.path().join("x.csv")).unwrap(), sheet);
}

#[test]
fn an_export_that_is_interrupted_leaves_no_file_and_says_where_it_ended() {
    let daemon = Fake::new(|talk| {
        talk.say(HELLO);
        talk.request();
        talk.say(&format!("{{\"type\":\"records\",\"id\":1,\"count\":2}}\n{}", record(41)));
    });
    fs::write(daemon.home.path().join("x"), "before").unwrap();
    assert_eq!(daemon.run(&["export", "-o", "x"]).code, 3);
    assert_eq!(fs::read_to_string(daemon.home.path().join("x")).unwrap(), "before");
    let left = fs::read_dir(daemon.home.path()).unwrap();
    assert_eq!(left.count(), 2, "the socket and the file that was there before");

    let rows = daemon.run(&["export", "--format", "csv"]);
    assert_eq!((rows.code, rows.stdout.lines().count()), (3, 2), "{rows:?}");
    let ended = daemon.run(&["export"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (3, (record(41) + "\n").as_str()));
    assert!(ended.stderr.contains("error: the export is not complete\n"), "{ended:?}");
    assert!(ended.stderr.contains("`--after 41` continues"), "{ended:?}");
}

#[test]
fn an_export_says_how_to_go_on_and_does() {
    let (sender, requests) = mpsc::channel();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        block("records", &[&record(41)])
    });
    let ended = daemon.run(&["export"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, "`--after 41` continues from here\n"));
    assert_eq!(requests.recv().unwrap()["proof"], true);
    let ended = daemon.run(&["export", "--after", "41", "-o", "x", "--json"]);
    assert_eq!(
        (ended.stdout.as_str(), ended.stderr.as_str()),
        ("", "`--after 41` continues from here\n")
    );
    let request = requests.recv().unwrap();
    assert_eq!((&request["after"], &request["proof"]), (&41.into(), &true.into()));
    let ended = daemon.run(&["export", "--after", "99"]);
    assert!(ended.stderr.starts_with("there is no record 99: the newest is 41\n"), "{ended:?}");
}

#[test]
fn an_export_without_paths_has_none_and_no_proof() {
    const GOLDEN: &str = include_str!("../../../protocol/tests/wire/v1/records.jsonl");
    let (sender, requests) = mpsc::channel();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        block("records", &GOLDEN.lines().collect::<Vec<_>>())
    });
    let key = daemon.home.path().join("key");
    fs::write(&key, "0123456789abcdef\n").unwrap();
    let hash = ["export", "--hash-paths", "--hash-key", "key"];
    let ended = daemon.run(&hash);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(requests.recv().unwrap().get("proof"), None);
    assert!(ended.stderr.starts_with("these are not the bytes that were sealed"), "{ended:?}");
    let sheet = daemon.run(&[&hash[..], &["--format", "csv"]].concat()).stdout;
    for text in [&ended.stdout, &sheet] {
        assert!(!text.contains("/ann") && !text.contains("widget"), "{text}");
        assert!(text.contains("path:/") && text.contains("repo:"), "{text}");
    }
    assert_eq!(ended.stdout.lines().count(), GOLDEN.lines().count());
    assert_eq!(daemon.run(&hash).stdout, ended.stdout, "the same key, the same hashes");

    let random = daemon.run(&["export", "--hash-paths"]);
    assert!(random.stderr.contains("the key is not kept"), "{random:?}");
    assert_ne!(random.stdout, ended.stdout);
    let kept = daemon.run(&[&hash[..], &["--keep-remotes"]].concat()).stdout;
    assert!(kept.contains("https://git.example.com/team/widget.git") && !kept.contains("/ann"));

    assert_eq!(daemon.run(&["export", "--hash-key", "key"]).code, 2);
    assert_eq!(daemon.run(&["export", "--keep-remotes"]).code, 2);
    fs::write(&key, "0123456789abcde").unwrap();
    let short = daemon.run(&hash);
    assert_eq!((short.code, short.stdout.as_str()), (2, ""));
    assert!(short.stderr.contains("has 15 bytes"), "{short:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_export_that_is_killed_leaves_nothing_behind() {
    let (reached, in_the_middle) = mpsc::channel::<()>();
    let daemon = Fake::new(move |talk| {
        talk.say(HELLO);
        talk.request();
        let record = record(1);
        // More than the buffers on the way hold: when it is sent, the file was begun.
        let page = format!("{record}\n").repeat(10_000);
        talk.send(format!("{{\"type\":\"records\",\"id\":1,\"count\":20000}}\n{page}").as_bytes());
        reached.send(()).unwrap();
        talk.request();
    });
    let mut export = daemon.command(&["export", "-o", "x"]).spawn().unwrap();
    in_the_middle.recv().unwrap();
    export.kill().unwrap();
    export.wait().unwrap();
    assert_eq!(fs::read_dir(daemon.home.path()).unwrap().count(), 1, "the socket alone");
}

#[cfg(target_os = "linux")]
#[test]
fn an_export_takes_the_same_memory_whatever_its_length() {
    assert!(peak_of_export("ndjson", 200) < 24 * 1024, "50 MB were exported");
    assert!(peak_of_export("csv", 100) < 24 * 1024, "25 MB were exported");
    assert!(peak_of_export("ndjson --hash-paths", 50) < 24 * 1024, "12 MB were hashed");
}

/// Exports so many pages of 1,000 records, and returns the most memory that it took, in KiB.
#[cfg(target_os = "linux")]
fn peak_of_export(format: &str, pages: usize) -> u64 {
    let args: Vec<_> = ["export", "--format"].into_iter().chain(format.split(' ')).collect();
    let (reached, at_the_end) = mpsc::channel::<()>();
    let (go_on, wait) = mpsc::channel::<()>();
    let daemon = Fake::new(move |talk| {
        talk.say(HELLO);
        talk.request();
        let record = record(1);
        let page = format!(
            "{{\"type\":\"records\",\"id\":1,\"count\":1000}}\n{}",
            format!("{record}\n").repeat(1000)
        );
        for _ in 0..pages {
            talk.send(page.as_bytes());
        }
        reached.send(()).unwrap();
        wait.recv().unwrap();
        talk.say(&done(1));
    });
    let mut export = daemon.command(&args).stdout(Stdio::null()).spawn().unwrap();
    at_the_end.recv().unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", export.id())).unwrap();
    go_on.send(()).unwrap();
    assert_eq!(export.wait().unwrap().code(), Some(0));
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_is_a_failure() {
    let daemon = Fake::answering(|_| block("rows", &[LAUNCH]));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = daemon.command(&["launches"]).stdout(full).stderr(Stdio::null()).status().unwrap();
    assert_eq!(ended.code(), Some(1));
}
