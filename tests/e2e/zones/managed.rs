//! The machine's rules: the user's own add to them, and take nothing from them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use trackway_protocol::record::Risk;
use trackway_protocol::row::{AnyFinding, ZoneMatchRow};
use trackway_tests::harness::Tests;
use trackway_tests::watch::Watch;
use trackway_tests::world::World;

use super::broken::findings;
use super::{
    Whose, dir, entries, entries_of, file, launch_in, put_rules, save, settled, watch_with,
    watch_without, zone,
};

/// Who is nobody else in these tests: as every Linux has it, and never a person.
const NOBODY: u32 = 65_534;

pub(super) fn all(tests: &mut Tests) {
    tests.add(rules_of_the_machine_that_the_user_can_write_are_not_used);
    tests.add_as_root(the_user_s_rules_take_nothing_from_the_machine_s);
    tests.add_as_root(rules_of_the_machine_are_root_s_alone);
}

/// Writes the machine's rules, with a mode.
fn install(world: &World, rules: &str, mode: u32) {
    let path = Whose::Machine.path(world);
    let managed = dir(path.parent().expect("it is in a directory"));
    set_mode(&managed, 0o755);
    fs::write(&path, world.tell(rules)).expect("the world is ours");
    set_mode(&path, mode);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

fn shut(world: &World) {
    dir(world.root().join("shut/in"));
}

const MACHINE: &str = "paths = [\"{root}/shut\"]\nseverity = \"high\"\nreason = \"policy 12\"";

/// Claims that the machine's file is not used, and that this is said.
#[track_caller]
fn claim_refused(watch: &Watch, why: &str) {
    let failing = settled(watch, Whose::Machine, |file| {
        file.state == "failing" && file.reason.as_ref().is_some_and(|reason| reason.contains(why))
    });
    let path = Some(failing.path);
    let found: Vec<AnyFinding> = findings(watch);
    let found = found.iter().find(|found| found.path == path);
    let found = found.unwrap_or_else(|| panic!("{:#?}", findings(watch)));
    assert_eq!((found.risk, found.why.contains(why)), (Risk::High, true), "{found:#?}");
}

fn rules_of_the_machine_that_the_user_can_write_are_not_used() {
    let is_root = rustix::process::geteuid().is_root();
    // What is an ordinary user's own is theirs to change, whatever its mode.
    let (mode, why) = if is_root {
        (0o666, "mode 0666".to_owned())
    } else {
        let uid = rustix::process::geteuid().as_raw();
        (0o644, format!("belongs to user {uid}"))
    };
    let user = zone("mine", "paths = [\"{root}/shut\"]\nseverity = \"low\"");
    let watch = watch_with(&user, |world| {
        shut(world);
        install(world, &zone("machine", MACHINE), mode);
    });
    claim_refused(&watch, &why);
    assert_eq!(file(&watch, Whose::Machine).zones, 0);
    let launch = launch_in(&watch, "{root}/shut");
    let rows = entries_of(&watch, launch);
    let [row] = &rows[..] else { panic!("the user's own, and not {rows:#?}") };
    assert_eq!((&row.zone[..], row.managed), ("mine", false));
}

fn rules_of_the_machine_are_root_s_alone() {
    let watch = watch_without(|world| {
        shut(world);
        install(world, &zone("machine", MACHINE), 0o644);
    });
    let path = Whose::Machine.path(&watch.world);
    let managed = path.parent().expect("it is in a directory");
    let in_force = || {
        settled(&watch, Whose::Machine, |file| file.state == "in-force" && file.reason.is_none());
        assert_eq!(findings(&watch), []);
    };
    in_force();
    let give = |path: &Path, user| chown(path, Some(user), None).expect("we are root");
    // A change of who may write it is a change.
    for mode in [0o646, 0o666] {
        set_mode(&path, mode);
        claim_refused(&watch, &format!("mode {mode:04o}"));
        set_mode(&path, 0o644);
        in_force();
    }
    give(&path, NOBODY);
    claim_refused(&watch, "belongs to user 65534");
    // What was in force still is: nobody gets rid of a rule by spoiling it.
    let launch = launch_in(&watch, "{root}/shut");
    assert_eq!(entries_of(&watch, launch).len(), 1);
    give(&path, 0);
    in_force();
    // Who may write the directory may put another file there.
    for change in [true, false] {
        if change {
            set_mode(managed, 0o777)
        } else {
            give(managed, NOBODY)
        }
        save(&path, watch.world.tell(&zone("machine", MACHINE)));
        claim_refused(&watch, "its directory");
        set_mode(managed, 0o755);
        give(managed, 0);
        save(&path, watch.world.tell(&zone("machine", MACHINE)));
        in_force();
    }
}

fn the_user_s_rules_take_nothing_from_the_machine_s() {
    let watch = watch_without(|world| {
        shut(world);
        install(world, &zone("shut", MACHINE), 0o644);
    });
    let attempts = [
        // More specific, of less weight, about another agent or way, and under the same name.
        (zone("mine", "paths = [\"{root}/shut/in\"]\nseverity = \"low\""), Some("mine")),
        (zone("shut", "paths = [\"{root}/shut/in\"]\nseverity = \"low\""), Some("shut")),
        (zone("shut", "paths = [\"{root}/shut/in\"]\ntouches = [\"write\"]"), None),
        (zone("shut", "paths = [\"{root}/shut/in\"]\nagents = [\"codex\"]"), None),
        (String::new(), None),
    ];
    let claim = |users: Option<&str>| {
        let launch = launch_in(&watch, "{root}/shut/in");
        let rows = entries_of(&watch, launch);
        let of = |managed| {
            let mut rows = rows.iter().filter(move |row| row.managed == managed);
            let row = rows.next().cloned();
            assert!(rows.next().is_none(), "one at most of each: {rows:#?}");
            row
        };
        let row = of(true).expect("the machine's rule counts");
        assert_eq!((&row.zone[..], row.severity), ("shut", Risk::High));
        assert_eq!(of(false).map(|row| row.zone).as_deref(), users, "{rows:#?}");
    };
    for (rules, users) in &attempts {
        put_rules(&watch, Whose::User, rules);
        claim(*users);
    }
    // Nor does a file that cannot be used: a rule that would apply to nothing is none.
    save(&Whose::User.path(&watch.world), zone("shut", "paths = [\"/\"]\ntouches = []"));
    settled(&watch, Whose::User, |file| file.state == "failing");
    claim(None);
    assert_eq!(file(&watch, Whose::Machine).state, "in-force");

    put_rules(&watch, Whose::User, &attempts[1].0);
    let place = watch.world.tell("{root}/shut/in");
    let rows: Vec<ZoneMatchRow> = watch.daemon.rows(&["zones", "explain", &place]);
    let told: Vec<_> = rows.iter().map(|row| (row.managed, row.applies)).collect();
    assert_eq!(told, [(true, true), (false, true)], "{rows:#?}");
    assert_eq!(rows[0].reason.as_deref(), Some("policy 12"));
    // Without the user's file at all.
    fs::remove_file(Whose::User.path(&watch.world)).expect("the world is ours");
    settled(&watch, Whose::User, |file| file.state == "missing");
    claim(None);
    assert!(entries(&watch).iter().filter(|row| row.managed).count() >= 7);
}
