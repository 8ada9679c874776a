//! Session files that are not as one expects them: what can be read is, what cannot is a count or a
//! state, and everything else goes on.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use trackway_protocol::row::SessionRow;
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::link;

/// How long a large thing may take on a machine that does other things as well.
const LONG: Duration = Duration::from_secs(120);

pub(crate) fn all(tests: &mut Tests) {
    tests.add(lines_that_are_none_are_counted_and_their_neighbours_read);
    tests.add(a_line_of_a_gigabyte_costs_no_memory);
    tests.add(what_is_no_file_is_not_opened);
    tests.add(what_may_not_be_read_is_a_state_until_it_may);
    tests.add(a_hundred_thousand_files_are_read);
    tests.add(a_home_that_is_replaced_is_followed_as_it_is_now);
    tests.add(sessions_that_are_not_understood_are_not_none);
}

/// A daemon without agents.
fn watch() -> Watch {
    Watch::start(&[])
}

/// The directory of one project's session files.
fn project(watch: &Watch) -> PathBuf {
    let dir = watch.world.home().join(".claude/projects/-work");
    fs::create_dir_all(&dir).expect("the home is ours");
    dir
}

/// A line about a response, and a file that it read.
fn response(watch: &Watch, session: &str, number: u32) -> String {
    let (cwd, name) = (watch.world.repo(), format!("{session}-{number}"));
    let cwd = cwd.display();
    format!(
        "{{\"type\":\"assistant\",\"uuid\":\"u-{name}\",\"sessionId\":\"{session}\",\
         \"timestamp\":\"2026-11-20T09:00:0{number}.000Z\",\"cwd\":\"{cwd}\",\"requestId\":\"r-{name}\",\
         \"version\":\"2.1.330\",\"message\":{{\"id\":\"m-{name}\",\"model\":\"claude-sonnet-5\",\
         \"content\":[],\"usage\":{{\"input_tokens\":3,\"output_tokens\":7}}}}}}\n"
    )
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).expect("the home is ours");
}

/// Waits until a session has so many responses.
fn wait_for(watch: &Watch, session: &str, responses: u64) -> SessionRow {
    let has = |row: &SessionRow| row.id == session && row.responses == Some(responses);
    let found = wait::until(LONG, || watch.sessions().into_iter().find(has));
    found.unwrap_or_else(|| panic!("{:#?}\n{}", watch.sessions(), watch.daemon.log()))
}

/// Returns why session files are not seen as they should be, as `status` tells it.
fn reason(watch: &Watch) -> String {
    let status = watch.daemon.status();
    let source = status.sources.into_iter().find(|source| source.name == "sessions");
    source.map(|source| source.reason).unwrap_or_default()
}

fn lines_that_are_none_are_counted_and_their_neighbours_read() {
    let watch = watch();
    let deep = format!("{{\"type\":{}\n", "[".repeat(200_000));
    let lines: [&[u8]; 10] = [
        b"\x7fELF\x02\x01\xff\xfe planted-marker-21\n",
        b"{\"type\":\"assistant\",\"message\":{\"content\":\"planted-marker-21\n",
        deep.as_bytes(),
        b"{\"type\":\"user\",\"cwd\":\"/planted-marker-21\xff\"}\n",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\n",
        b"{\"type\":\"user\",\"type\":\"planted-marker-21\",\"type\":7}\n",
        b"[\"planted-marker-21\"]\n",
        b"{\"type\":\"assistant\",\"timestamp\":\"9999-99-99\",\"message\":{\"usage\":\
          {\"input_tokens\":1e400,\"output_tokens\":-5}}}\n",
        b"{\"type\":\"assistant\",\"timestamp\":-7,\"message\":{\"usage\":\
          {\"input_tokens\":18446744073709551616,\"output_tokens\":\"planted-marker-21\"}}}\n",
        b"planted-marker-21\n",
    ];
    let mut file = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        file.extend_from_slice(line);
        // Clocks may go back: each is earlier than the one before.
        let number = 9 - u32::try_from(number).expect("there are ten");
        file.extend_from_slice(response(&watch, "mixed", number).as_bytes());
    }
    write(&project(&watch).join("mixed.jsonl"), file);
    let row = wait_for(&watch, "mixed", 10);
    assert_eq!((row.tokens.input, row.tokens.output), (Some(30), Some(70)));
    let doctor = watch.daemon.ctl(["doctor"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("unreadable"), "{doctor}");
    watch.no_trace_of(&["planted-marker-21"]);
}

fn a_line_of_a_gigabyte_costs_no_memory() {
    let watch = watch();
    let path = project(&watch).join("long.jsonl");
    let mut file = File::create(&path).expect("the home is ours");
    file.write_all(response(&watch, "long", 1).as_bytes()).expect("there is room");
    let begin = file.metadata().expect("it is open").len();
    // A hole: it reads as bytes that are no newline, and takes no room on the disk.
    file.set_len(begin + (1 << 30)).expect("a file may have holes");
    drop(file);
    let mut file = File::options().append(true).open(&path).expect("it was just made");
    writeln!(file).expect("there is room");
    file.write_all(response(&watch, "long", 2).as_bytes()).expect("there is room");
    wait_for(&watch, "long", 2);
    let status = fs::read_to_string(format!("/proc/{}/status", watch.daemon.pid()));
    let status = status.expect("the daemon runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux has it");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(peak < 150_000, "{peak} kB");
}

fn what_is_no_file_is_not_opened() {
    let watch = watch();
    let dir = project(&watch);
    let fifo = dir.join("fifo.jsonl");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("coreutils has it").success());
    link("/dev/zero", dir.join("device.jsonl"));
    link(dir.join("loop.jsonl"), dir.join("loop.jsonl"));
    link(dir.join("nowhere"), dir.join("dangling.jsonl"));
    link(&dir, dir.join("again"));
    fs::create_dir(dir.join("directory.jsonl")).expect("the home is ours");
    write(&dir.join("good.jsonl"), response(&watch, "good", 1));
    wait_for(&watch, "good", 1);
    // The same when all of it is there at the start.
    watch.daemon.stop();
    watch.daemon.start_again();
    write(&dir.join("later.jsonl"), response(&watch, "later", 1));
    wait_for(&watch, "later", 1);
    let sessions: Vec<_> = watch.sessions().into_iter().map(|row| row.id).collect();
    assert_eq!(sessions.len(), 2, "{sessions:?}");
}

fn what_may_not_be_read_is_a_state_until_it_may() {
    let watch = watch();
    let dir = project(&watch);
    let shut = dir.join("shut.jsonl");
    write(&shut, response(&watch, "shut", 1));
    wait_for(&watch, "shut", 1);
    let allow = |mode| fs::set_permissions(&shut, fs::Permissions::from_mode(mode));
    allow(0o000).expect("it is ours");
    let is_root = rustix::process::geteuid().is_root();
    // It grows although it may not be read, as a file of another user's agent would.
    let mut file = if is_root { File::options().append(true).open(&shut).ok() } else { None };
    if let Some(file) = &mut file {
        file.write_all(response(&watch, "shut", 2).as_bytes()).expect("there is room");
        // Nothing is forbidden to root.
        wait_for(&watch, "shut", 2);
    } else {
        let secret = dir.join("secret.jsonl");
        write(&secret, "");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o200)).expect("it is ours");
        write(&secret, response(&watch, "secret", 1));
        let told = || reason(&watch).contains("not read").then_some(());
        wait::until(LONG, told).unwrap_or_else(|| panic!("{}", reason(&watch)));
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("it is ours");
        wait_for(&watch, "secret", 1);
        let healed = || (!reason(&watch).contains("not read")).then_some(());
        allow(0o600).expect("it is ours");
        wait::until(LONG, healed).unwrap_or_else(|| panic!("{}", reason(&watch)));
    }
    write(&dir.join("good.jsonl"), response(&watch, "good", 1));
    wait_for(&watch, "good", 1);
}

fn a_hundred_thousand_files_are_read() {
    let watch = watch();
    watch.daemon.stop();
    let projects = watch.world.home().join(".claude/projects");
    for number in 0..100_000 {
        let dir = projects.join(format!("-p{}", number / 1000));
        if number % 1000 == 0 {
            fs::create_dir_all(&dir).expect("the home is ours");
        }
        write(&dir.join(format!("{number}.jsonl")), "{\"type\":\"summary\"}\n");
    }
    let last = projects.join("-p99/last.jsonl");
    write(&last, response(&watch, "last", 1));
    watch.daemon.start_again();
    // Questions are answered meanwhile.
    wait_for(&watch, "last", 1);
    let done = || (watch.daemon.status().backfill.state == "done").then_some(());
    wait::until(LONG, done).unwrap_or_else(|| panic!("{:?}", watch.daemon.status().backfill));
    let mut file = File::options().append(true).open(&last).expect("it is there");
    file.write_all(response(&watch, "last", 2).as_bytes()).expect("there is room");
    wait_for(&watch, "last", 2);
}

fn a_home_that_is_replaced_is_followed_as_it_is_now() {
    let watch = watch();
    write(&project(&watch).join("before.jsonl"), response(&watch, "before", 1));
    wait_for(&watch, "before", 1);
    let home = watch.world.home();
    fs::rename(home.join(".claude"), home.join("away")).expect("the home is ours");
    write(&project(&watch).join("after.jsonl"), response(&watch, "after", 1));
    wait_for(&watch, "after", 1);
    // What was moved away is gone as far as anybody can tell, and what was told of it stands.
    let gone = |row: SessionRow| row.id == "before" && row.transcript_gone_at.is_some();
    wait::until(LONG, || watch.sessions().into_iter().any(gone).then_some(()))
        .unwrap_or_else(|| panic!("{:#?}", watch.sessions()));
    fs::remove_dir_all(home.join(".claude")).expect("the home is ours");
    fs::rename(home.join("away"), home.join(".claude")).expect("the home is ours");
    let again = home.join(".claude/projects/-work/before.jsonl");
    let mut file = File::options().append(true).open(again).expect("it was moved back");
    file.write_all(response(&watch, "before", 2).as_bytes()).expect("there is room");
    wait_for(&watch, "before", 2);
}

fn sessions_that_are_not_understood_are_not_none() {
    let watch = watch();
    write(&project(&watch).join("new.jsonl"), "{\"type\":\"unheard-of\",\"version\":\"9.0.0\"}\n");
    let told = || {
        let output = watch.daemon.ctl(["doctor"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.contains("claude 9.0.0: 1 fields").then_some(text)
    };
    wait::until(LONG, told).unwrap_or_else(|| panic!("{}", watch.daemon.log()));
    assert_eq!(watch.sessions().len(), 0);
}
