//! Power cuts: the file system below the state directory is shut down without a flush, as if the
//! machine had lost its power, and mounted again.

use std::fs;

use rustix::process::Signal;
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use super::ledger::Copy;
use super::mounts::{Mounts, PROGRAMS};
use super::{Load, Numbers, SOON, size, told, until_tailed};
use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add_mounting(&PROGRAMS, nothing_that_tail_had_shown_is_lost_by_power_cuts);
}

/// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`: neither data nor the journal is written.
const SHUT_DOWN: &str = r#"perl -e '
    open(my $dir, "<", $ARGV[0]) or die $!;
    my $flags = pack("L", 2);
    ioctl($dir, 0x8004587d, $flags) or die $!;
' "$1""#;

const MOUNT: &str = r#"mount -t ext4 -o loop "$1.img" "$1""#;

fn nothing_that_tail_had_shown_is_lost_by_power_cuts() {
    let mounts = Mounts::new();
    let watch = stub::watch_below(|world| {
        let state = world.root().join("state");
        fs::create_dir(&state).expect("the world is ours");
        let image = world.root().join("state.img");
        let file = fs::File::create(image).expect("the world is ours");
        file.set_len(256 << 20).expect("holes take no room");
        mounts.run(r#"mkfs.ext4 -q -F "$1.img""#, &state);
        mounts.run(&format!(r#"{MOUNT} && chmod 700 "$1""#), &state);
        mounts.below()
    });
    let state = watch.daemon.state_dir();
    let load = Load::start(&watch, 8, 5..60);
    let (cuts, mut numbers, mut shown) = (size(5, 50), Numbers(0x706f_7765), 0);
    for cut in 1..=cuts {
        let lines = numbers.next(300) + 1;
        until_tailed(&watch, usize::try_from(lines).expect("it is small"));
        // A real power cut ends a sync and the program that waits for it at once. Here a sync might
        // succeed for a program that goes on, and so it is held before the cut.
        hold(&watch);
        mounts.run(r#"echo control > "$1/unsynced""#, &state);
        mounts.run(SHUT_DOWN, &state);
        let tailed = watch.daemon.kill();
        shown += tailed.len();
        // The copy is made where the file system is seen.
        mounts.run(&format!(r#"umount "$1" && {MOUNT}"#), &state);
        let control = mounts.attempt(r#"test -s "$1/unsynced""#, &state);
        assert!(!control.status.success(), "the cut has lost nothing that was not synced");
        let copied = watch.world.root().join(format!("copy-{cut}"));
        fs::create_dir(&copied).expect("the world is ours");
        mounts.run(&format!(r#"cp "$1"/ledger.db* "{}""#, copied.display()), &state);
        let copy = Copy::of(&copied);
        copy.verify();
        let newest = copy.holds(&tailed);
        fs::remove_dir_all(copied).expect("it is ours");
        watch.daemon.start_after(newest);
        // No false alarm: it is still the same ledger.
        let status = watch.daemon.status();
        assert_eq!(status.ledger_notes, [] as [&str; 0]);
        assert!(status.ledger.seq >= newest);
    }
    load.stop();
    told(&format!("{cuts} power cuts: {shown} records shown, none lost"));
    watch.daemon.stop();
    mounts.run(r#"umount "$1""#, &state);
}

/// Stops the daemon, and waits until every thread of it stands still: none is in a sync then.
fn hold(watch: &Watch) {
    let pid = watch.daemon.pid();
    watch.daemon.signal(Signal::STOP);
    let is_held = || {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let is_stopped =
            |stat: String| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'));
        tasks
            .flatten()
            .all(|task| fs::read_to_string(task.path().join("stat")).is_ok_and(is_stopped))
            .then_some(())
    };
    wait::until(SOON, is_held).expect("a stopped process stands still");
}
