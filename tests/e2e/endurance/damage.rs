//! The ledger is damaged while no daemon runs.

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

use trackway_protocol::row::Check;
use trackway_tests::harness::Tests;

use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(a_damaged_ledger_is_set_aside_and_all_say_so);
}

fn a_damaged_ledger_is_set_aside_and_all_say_so() {
    let watch = stub::watch();
    watch.daemon.stop();
    let path = watch.daemon.state_dir().join("ledger.db");
    let file = fs::File::options().write(true).open(&path).expect("the ledger is ours");
    file.write_all_at(&[0x5a; 300], 100).expect("it is ours");
    let damaged = fs::read(&path).expect("it is ours");
    watch.daemon.start_again();

    let notes = watch.daemon.status().ledger_notes;
    let [note] = &notes[..] else { panic!("one note, and not {notes:?}: {}", watch.daemon.log()) };
    let aside = note.rsplit(' ').next().expect("it names the directory");
    assert_eq!(fs::read(format!("{aside}/ledger.db")).expect("it is kept"), damaged);
    let mode = fs::metadata(aside).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    let gaps = watch.daemon.gaps();
    let gap = gaps.iter().find(|gap| gap.source == "ledger").expect("it is a gap");
    assert_eq!(gap.state, "lost");
    assert!(gap.reason.contains(aside) && gap.until > Some(gap.from), "{gap:#?}");
    let checks: Vec<Check> = watch.daemon.rows(&["doctor"]);
    assert!(checks.iter().any(|check| check.name == "set aside" && check.found.contains(aside)));
    assert!(watch.daemon.log().contains("is set aside"), "{}", watch.daemon.log());

    // The new one records, and is the same after a restart.
    let mut child = stub::call(&watch.world, 30).spawn().expect("the stub is there");
    child.wait().expect("it is our child");
    watch.wait_for_end(watch.wait_for_start(child.id()));
    watch.daemon.stop();
    watch.daemon.start_again();
    assert_eq!(watch.launches().len(), 1);
    assert_eq!(watch.daemon.gaps().iter().filter(|gap| gap.source == "ledger").count(), 1);
}
