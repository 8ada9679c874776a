//! Files of rules that cannot be used: that is said, with the line, and what was in force before
//! still is.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use trackway_protocol::record::Risk;
use trackway_protocol::row::AnyFinding;
use trackway_tests::harness::Tests;
use trackway_tests::watch::Watch;

use super::{
    Whose, dir, entries_of, file, launch_in, put_rules, replace, save, settled, watch_with, zone,
};

pub(super) fn all(tests: &mut Tests) {
    tests.add(rules_that_make_no_sense_change_nothing);
    tests.add(a_file_that_is_none_changes_nothing);
    tests.add(a_daemon_starts_with_rules_that_make_no_sense);
}

/// Text that is no set of rules, and what is said of it.
const SENSELESS: &[(&str, &[&str])] = &[
    ("[[zone]\n", &["line 1"]),
    ("[[zone]]\nname = \"a\"\npath = [\"/planted-51\"]\n", &["line 3", "path", "zone \"a\""]),
    ("[zones]\n", &["line 1", "zones"]),
    ("[[zone]]\nname = \"a\"\npaths = [\"planted-51/x\"]\n", &["line 3", "paths[0]"]),
    ("[[zone]]\nname = \"a\"\npaths = [\"/x\"]\nseverity = \"none\"\n", &["line 4", "severity"]),
    ("[[zone]]\nname = \"a\"\npaths = [\"/x\"]\nagents = [\"cloud\"]\n", &["line 4", "agents[0]"]),
    // What contradicts itself.
    ("[[zone]]\nname = \"a\"\n", &["line 1", "neither paths nor remotes"]),
    ("[[zone]]\nname = \"a\"\npaths = [\"/x\"]\n\ntouches = []\n", &["line 5", "touches"]),
    (
        "[[zone]]\nname = \"a\"\npaths = [\"/x\"]\n[[zone]]\nname = \"a\"\npaths = [\"/y\"]\n",
        &["line 5", "line 2", "name"],
    ),
    // What would take for ever to be compared.
    (
        "[[zone]]\nname = \"a\"\npaths = [\"/x\",\n\"/*a*a*a*a*a*a*a*a*a*a*a*a*b\"]\n",
        &["line 4", "paths[1]"],
    ),
    (
        "[[zone]]\nname = \"a\"\npaths = [\"/**/a/**/a/**/a/**/a/**/a/**/b\"]\n",
        &["line 3", "paths[0]"],
    ),
];

/// What is found about rules that are not in force.
pub(super) fn findings(watch: &Watch) -> Vec<AnyFinding> {
    let mut rows: Vec<AnyFinding> = watch.daemon.rows(&["findings"]);
    rows.retain(|row| row.code == "zones-not-in-force");
    rows
}

/// A daemon with one rule, and the place that it is about.
fn watch() -> Watch {
    watch_with(&zone("shut", "paths = [\"{root}/shut\"]"), |world| {
        dir(world.root().join("shut"));
    })
}

/// Claims that the user's file is not used for all these reasons, that this is a finding, and that
/// the rule from before still makes entries.
#[track_caller]
fn claim_failing(watch: &Watch, why: &[&str]) {
    let has_all = |text: &str| why.iter().all(|word| text.contains(word));
    let failing = settled(watch, Whose::User, |file| {
        file.state == "failing" && file.reason.as_deref().is_some_and(has_all)
    });
    assert_eq!(failing.zones, 1, "{failing:#?}");
    let [found] = &findings(watch)[..] else { panic!("{why:?}: {:#?}", findings(watch)) };
    assert_eq!((found.path.as_ref(), found.risk), (Some(&failing.path), Risk::Medium));
    assert!(has_all(&found.why), "{found:#?}");
    let launch = launch_in(watch, "{root}/shut");
    let rows = entries_of(watch, launch);
    assert_eq!(rows.len(), 1, "{why:?}: {rows:#?}");
}

/// Mends the file, and claims that it counts as it is now.
#[track_caller]
fn mend(watch: &Watch) {
    put_rules(watch, Whose::User, &zone("shut", "paths = [\"{root}/shut\"]"));
    assert_eq!((file(watch, Whose::User).reason, findings(watch)), (None, Vec::new()));
}

fn rules_that_make_no_sense_change_nothing() {
    let watch = watch();
    let pid = watch.daemon.pid();
    for (text, why) in SENSELESS {
        save(&Whose::User.path(&watch.world), text);
        claim_failing(&watch, why);
    }
    let doctor = watch.daemon.ctl(["doctor"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("zones.toml cannot be used"), "{doctor}");
    mend(&watch);
    // In place, as a person would: what is written in two steps is in force in the end.
    let path = Whose::User.path(&watch.world);
    fs::write(&path, "").expect("the world is ours");
    fs::write(&path, zone("other", "paths = [\"/nowhere\"]")).expect("the world is ours");
    settled(&watch, Whose::User, |file| file.state == "in-force" && file.zones == 1);
    let is_other = || {
        let launch = launch_in(&watch, "{root}/shut");
        entries_of(&watch, launch).is_empty().then_some(())
    };
    trackway_tests::wait::until(super::PATIENCE, is_other).expect("the rule is another one now");
    assert_eq!(watch.daemon.pid(), pid);
    // What was wrong is said without what was typed.
    watch.no_trace_of(&["planted-51"]);
}

fn a_file_that_is_none_changes_nothing() {
    let watch = watch();
    let path = Whose::User.path(&watch.world);
    let new = path.with_extension("new");
    save(&path, vec![b'#'; 10 << 20]);
    claim_failing(&watch, &["1 MiB"]);
    mend(&watch);
    save(&path, b"# \xff\n");
    claim_failing(&watch, &["UTF-8"]);
    fs::create_dir(&new).expect("the world is ours");
    replace(&path, &new);
    claim_failing(&watch, &["no regular file"]);
    mend(&watch);
    let made = std::process::Command::new("mkfifo").arg(&new).status();
    assert!(made.expect("coreutils has it").success());
    replace(&path, &new);
    claim_failing(&watch, &["no regular file"]);
    mend(&watch);
    // Others' words are not the user's.
    set_mode(&path, 0o666);
    claim_failing(&watch, &["mode 0666", "chmod go-w"]);
    set_mode(&path, 0o600);
    settled(&watch, Whose::User, |file| file.state == "in-force");
    if !rustix::process::geteuid().is_root() {
        set_mode(&path, 0o000);
        claim_failing(&watch, &["denied"]);
        set_mode(&path, 0o600);
        settled(&watch, Whose::User, |file| file.state == "in-force");
    }
    assert_eq!(findings(&watch), []);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

fn a_daemon_starts_with_rules_that_make_no_sense() {
    let watch = watch();
    watch.daemon.stop();
    save(&Whose::User.path(&watch.world), "[[zone]]\nnmae = \"a\"\n");
    watch.daemon.start_again();
    // What was in force before is, though another daemon read it.
    claim_failing(&watch, &["line 2"]);
    watch.daemon.stop();
    fs::remove_file(watch.daemon.state_dir().join("zones-user.toml")).expect("it is kept there");
    watch.daemon.start_again();
    // Where nothing was in force nothing is, and a check says why that is worth nothing.
    let failing = file(&watch, Whose::User);
    assert_eq!((&failing.state[..], failing.zones), ("failing", 0));
    let launch = launch_in(&watch, "{root}/shut");
    assert_eq!(entries_of(&watch, launch), []);
    let found = super::check(&watch, &["--strict"]);
    assert_eq!((found.code, found.checked.zones), (Some(1), 0), "{found:#?}");
    assert!(found.checked.failing.len() == 1 && found.checked.failing[0].contains("line 2"));
    mend(&watch);
    let launch = launch_in(&watch, "{root}/shut");
    assert_eq!(entries_of(&watch, launch).len(), 1);
}
