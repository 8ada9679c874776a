//! What somebody sees who does everything wrong, or at the wrong time: every command without a daemon,
//! with a daemon of another version, and with mistakes on the command line.
//!
//! What was said stands in `tests/snapshots`, to be read as a whole; `UPDATE=1` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use trackway_ctl::Cli;

use crate::fake::Fake;

/// What the commands need that cannot do without.
const NEEDED: [(&str, &[&str]); 10] = [
    ("forget", &["--repo", "/src/x"]),
    ("pause", &["1h"]),
    ("prune", &["--dry-run"]),
    ("report", &["--time-zone", "UTC"]),
    ("show", &["3f2a9c41"]),
    ("who", &["/src/x"]),
    ("zones ack", &["7", "--note", "x"]),
    ("zones check", &["/src/x"]),
    ("zones explain", &["/src/x"]),
    ("zones entries", &["--open"]),
];

/// They ask no daemon, or ask the machine, which differs.
const ELSEWHERE: [&str; 4] = ["completions", "doctor", "man", "service"];

const MISTAKES: [&[&str]; 26] = [
    &["statsu"],
    &["--frob"],
    &["launches", "frob"],
    &["launches", "--frob"],
    &["launches", "--since", "yesteryear"],
    &["launches", "--since", "2026-11-31"],
    &["launches", "--agent", "cluade"],
    &["launches", "--limit", "many"],
    &["launches", "--since"],
    &["launches", "--session", ""],
    &["launches", "--launch", ""],
    &["dirs", "--how", "reed"],
    &["show"],
    &["who"],
    &["sessions", "--repo"],
    &["report", "--week", "2026-99"],
    &["report", "--week", "47"],
    &["report", "--format", "pdf"],
    &["report", "--time-zone", "Mars/Olympus"],
    &["export", "--format", "xml"],
    &["pause"],
    &["pause", "soon"],
    &["config", "sho"],
    &["zones", "check", "--nothing"],
    &["forget"],
    &["service", "instal"],
];

/// Returns every command, and those below it.
fn commands() -> Vec<String> {
    fn add(above: &str, of: &clap::Command, all: &mut Vec<String>) {
        for command in of.get_subcommands() {
            let name = format!("{above} {}", command.get_name()).trim().to_owned();
            all.push(name.clone());
            add(&name, command, all);
        }
    }
    let mut all = Vec::new();
    let mut grammar = Cli::command().disable_help_subcommand(true);
    grammar.build();
    add("", &grammar, &mut all);
    all
}

/// Runs commands, and returns what each of them said and how it ended.
fn told<'a>(fake: &Fake, all: impl IntoIterator<Item = Vec<&'a str>>) -> String {
    let home = fake.home.path().display().to_string();
    let mut text = String::new();
    for args in all {
        let ended = fake.run(&args);
        let said = [&ended.stdout, &ended.stderr]
            .map(|said| said.replace(&home, "/run/user/1000/trackway"));
        text += "$ trackwayctl";
        for arg in &args {
            write!(text, " {}", if arg.is_empty() { "''" } else { arg }).unwrap();
        }
        text += "\n";
        said.iter().for_each(|said| text += said);
        writeln!(text, "[{}]\n", ended.code).unwrap();
    }
    text
}

#[track_caller]
fn compare(name: &str, told: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, told).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    if known != told {
        let differs = known.lines().zip(told.lines()).find(|(one, other)| one != other);
        panic!("{name} is not what is said now, first {differs:#?}; UPDATE=1 writes it anew");
    }
}

/// Everything that is asked of a daemon, with the least that it needs.
fn all(commands: &[String]) -> Vec<Vec<&str>> {
    let is_asked = |name: &&String| {
        let first = name.split(' ').next();
        ELSEWHERE.iter().all(|other| first != Some(*other))
    };
    let with = |name: &'_ String| {
        let needed = NEEDED.iter().find(|(needing, _)| needing == name).map_or(&[][..], |it| it.1);
        commands
            .iter()
            .find(|other| *other == name)
            .into_iter()
            .flat_map(|name| name.split(' '))
            .chain(needed.iter().copied())
            .collect()
    };
    [Vec::new()].into_iter().chain(commands.iter().filter(is_asked).map(with)).collect()
}

/// Compares what everybody is told, and how all of it ends.
#[track_caller]
fn ask_all(fake: &Fake, name: &str, code: u8) {
    let commands = commands();
    let all = all(&commands);
    let asked = all.len();
    assert!(asked > 25, "{commands:?}");
    let told = told(fake, all);
    compare(name, &told);
    assert_eq!(told.matches(&format!("\n[{code}]\n")).count(), asked, "each ends with {code}");
}

#[test]
fn without_a_daemon_every_command_says_what_to_do() {
    ask_all(&Fake::absent(), "stopped.txt", 3);
}

#[test]
fn a_daemon_of_another_version_is_named_with_both_versions_by_every_command() {
    for (name, hello) in [
        ("older.txt", r#"{"type":"hello","protocol":0,"version":"0.0.9"}"#),
        ("newer.txt", r#"{"type":"hello","protocol":2,"version":"3.1.0"}"#),
    ] {
        ask_all(&Fake::new(move |talk| talk.say(hello)), name, 4);
    }
}

#[test]
fn no_command_takes_what_it_does_not_know() {
    let nobody = Fake::absent();
    for name in commands() {
        let args: Vec<&str> = name.split(' ').chain(["--frobnicate"]).collect();
        let ended = nobody.run(&args);
        assert_eq!(ended.code, 2, "{name}: {ended:?}");
        assert!(ended.stderr.contains("--frobnicate") && ended.stderr.contains("--help"), "{name}");
    }
}

#[test]
fn mistakes_are_told_before_anything_is_asked() {
    let nobody = Fake::absent();
    let told = told(&nobody, MISTAKES.iter().map(|args| args.to_vec()));
    compare("mistakes.txt", &told);
    assert_eq!(told.matches("\n[2]\n").count(), MISTAKES.len(), "each ends with 2");
}
