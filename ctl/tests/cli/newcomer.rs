//! What somebody sees who does everything wrong, or at the wrong time: every command without a daemon,
//! with a daemon of another version, and with mistakes on the command line.
//!
//! What was said stands in `tests/snapshots`, to be read as a whole; `UPDATE=1` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::fake::Fake;

/// What the commands need that cannot do without.
const NEEDED: [(&str, &[&str]); 9] = [
    ("completions", &["bash"]),
    ("forget", &["--repo", "/src/x"]),
    ("man", &["."]),
    ("pause", &["1h"]),
    ("prune", &["--dry-run"]),
    ("report", &["--time-zone", "UTC"]),
    ("show", &["3f2a9c41"]),
    ("who", &["/src/x"]),
    ("zones", &[]),
];

/// They say how this machine is, which differs.
const OF_THE_MACHINE: [&str; 2] = ["doctor", "service"];
/// They print what the other tests look at.
const LONG: [&str; 2] = ["completions", "man"];

const MISTAKES: [&[&str]; 24] = [
    &["statsu"],
    &["--frob"],
    &["launches", "frob"],
    &["launches", "--frob"],
    &["launches", "--since", "yesteryear"],
    &["launches", "--since", "2026-11-31"],
    &["launches", "--agent", "cluade"],
    &["launches", "--limit", "many"],
    &["launches", "--since"],
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

/// Returns every command, as the help lists them.
fn commands(fake: &Fake) -> Vec<String> {
    let help = fake.run(&["help"]).stdout;
    let list = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    let lines =
        list.unwrap().lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Runs commands, and returns what each of them said and how it ended.
fn told<'a>(fake: &Fake, all: impl IntoIterator<Item = Vec<&'a str>>) -> String {
    let home = fake.home.path().display().to_string();
    let mut text = String::new();
    for args in all {
        let ended = fake.run(&args);
        let said = [&ended.stdout, &ended.stderr]
            .map(|said| said.replace(&home, "/run/user/1000/trackway"));
        writeln!(text, "$ trackwayctl {}", args.join(" ")).unwrap();
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

/// Every command but some, with the least that it needs.
fn all<'a>(commands: &'a [String], but: &[&str]) -> Vec<Vec<&'a str>> {
    let wanted = commands.iter().map(String::as_str).filter(|name| !but.contains(name));
    let with = |name: &'a str| {
        let needed = NEEDED.iter().find(|(needing, _)| *needing == name).map_or(&[][..], |it| it.1);
        [&[name][..], needed].concat()
    };
    [Vec::new()].into_iter().chain(wanted.map(with)).collect()
}

#[test]
fn without_a_daemon_every_command_says_what_to_do() {
    let nobody = Fake::absent();
    let commands = commands(&nobody);
    assert!(commands.len() > 20, "{commands:?}");
    let but = [OF_THE_MACHINE, LONG].concat();
    let told = told(&nobody, all(&commands, &but));
    compare("stopped.txt", &told);
    let asked = told.matches("\n[3]\n").count();
    assert_eq!(asked, told.matches("\n[").count(), "each ends with 3");
}

#[test]
fn a_daemon_of_another_version_is_named_with_both_versions_by_every_command() {
    let commands = commands(&Fake::absent());
    let but = [OF_THE_MACHINE, LONG].concat();
    for (name, hello) in [
        ("older.txt", r#"{"type":"hello","protocol":0,"version":"0.0.9"}"#),
        ("newer.txt", r#"{"type":"hello","protocol":2,"version":"3.1.0"}"#),
    ] {
        let daemon = Fake::new(move |talk| talk.say(hello));
        let told = told(&daemon, all(&commands, &but));
        compare(name, &told);
        assert_eq!(
            told.matches("\n[4]\n").count(),
            told.matches("\n[").count(),
            "each ends with 4"
        );
    }
}

#[test]
fn mistakes_are_told_before_anything_is_asked() {
    let nobody = Fake::absent();
    let told = told(&nobody, MISTAKES.iter().map(|args| args.to_vec()));
    compare("mistakes.txt", &told);
    assert_eq!(told.matches("\n[2]\n").count(), MISTAKES.len(), "each ends with 2");
}
