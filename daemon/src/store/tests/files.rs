//! The file: who may read it, which are refused, what cannot be changed.

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;
use std::thread;

use rusqlite::Connection;
use trackway_protocol::log::Hash;

use super::super::append::{Append as _, Ledger};
use super::super::{Store, StoreError, open, open_or_set_aside, rebuild, schema};
use super::support::{Fixture, daemon_started, records, reopen, started};

fn raw(dir: &Path) -> Connection {
    Connection::open(dir.join("ledger.db")).unwrap()
}

fn refusal(dir: &Path) -> StoreError {
    match open(dir) {
        Ok(_) => panic!("the ledger was opened"),
        Err(error) => error,
    }
}

#[test]
fn nobody_else_can_read_the_ledger() {
    let fixture = Fixture::with(vec![daemon_started(0, "b")]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let files: Vec<_> =
        fs::read_dir(fixture.path()).unwrap().map(|it| it.unwrap().path()).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_ledger_that_was_open_to_others_is_closed_to_them() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("state");
    drop(reopen(&dir));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(dir.join("ledger.db"), fs::Permissions::from_mode(0o644)).unwrap();
    drop(reopen(&dir));
    assert_eq!(mode(&dir.join("ledger.db")), 0o600);
}

#[test]
fn a_newer_schema_is_refused_and_both_versions_are_named() {
    let home = tempfile::tempdir().unwrap();
    drop(reopen(home.path()));
    raw(home.path()).pragma_update(None, "user_version", 99).unwrap();
    let error = refusal(home.path());
    let StoreError::Newer { found: 99, known, .. } = error else { panic!("{error}") };
    let (told, known) = (error.to_string(), format!("up to {known};"));
    assert!(told.contains("version 99") && told.contains(&known), "{told}");
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    raw(home.path()).execute_batch("CREATE TABLE note (text TEXT)").unwrap();
    let before = fs::read(home.path().join("ledger.db")).unwrap();
    let error = refusal(home.path());
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    assert_eq!(fs::read(home.path().join("ledger.db")).unwrap(), before);
}

#[test]
fn a_damaged_ledger_is_refused_and_kept() {
    let fixture = Fixture::with((0..400).map(|number| started(0, number, "claude")).collect());
    let Fixture { dir, mut ledger, reader } = fixture;
    ledger.close().unwrap();
    drop((ledger, reader));
    let path = dir.path().join("ledger.db");
    let sound = fs::read(&path).unwrap();
    let middle = sound.len() / 2;
    for (from, length) in [(0, 16), (100, 200), (middle, 20_000)] {
        let mut damaged = sound.clone();
        damaged[from..from + length].fill(0x5a);
        fs::write(&path, &damaged).unwrap();
        let error = refusal(dir.path());
        assert!(matches!(error, StoreError::Corrupt { .. }), "at {from}: {error}");
        assert!(error.to_string().contains("left as it is"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), damaged, "at {from}");
    }
}

#[test]
fn a_daemon_sets_a_damaged_ledger_aside_as_it_was_and_begins_a_new_one() {
    let fixture = Fixture::with((0..400).map(|number| started(0, number, "claude")).collect());
    let Fixture { dir: sound, mut ledger, reader } = fixture;
    ledger.close().unwrap();
    drop((ledger, reader));
    let sound = fs::read(sound.path().join("ledger.db")).unwrap();
    let middle = sound.len() / 2;
    for (from, length) in [(0, 16), (100, 200), (middle, 20_000)] {
        let home = tempfile::tempdir().unwrap();
        let mut damaged = sound.clone();
        damaged[from..from + length].fill(0x5a);
        fs::write(home.path().join("ledger.db"), &damaged).unwrap();
        // What stands in a log that was not brought in before the crash is evidence, too.
        fs::write(home.path().join("ledger.db-wal"), "a log").unwrap();
        fs::write(home.path().join("signing.key"), "a key").unwrap();
        let opened = open_or_set_aside(home.path()).unwrap();
        let aside = opened.instead_of.expect("it says what it is instead of");
        assert_eq!(fs::read(aside.dir.join("ledger.db")).unwrap(), damaged, "at {from}");
        assert_eq!(fs::read(aside.dir.join("signing.key")).unwrap(), b"a key");
        // The new ledger has a key of its own.
        assert_ne!(fs::read(home.path().join("signing.key")).unwrap(), b"a key");
        assert_eq!(opened.store.last_seq, 0);
        let reader = opened.store.reader();
        assert_eq!(reader.condition().set_aside, [aside.dir]);
        // It is told in the new ledger's first records, and not again.
        let Store { connection, tree, signer, .. } = opened.store;
        let mut ledger = Ledger::new(connection, tree, signer);
        ledger.append(&mut records(vec![daemon_started(0, "b")]), &[]).unwrap();
        drop(ledger);
        assert_eq!(open_or_set_aside(home.path()).unwrap().instead_of, None);
    }
}

#[test]
fn damage_that_is_found_later_is_said_and_has_the_next_start_set_the_ledger_aside() {
    let fixture = Fixture::with((0..9000).map(|number| started(0, number, "claude")).collect());
    let Fixture { dir, mut ledger, reader } = fixture;
    ledger.close().unwrap();
    drop((ledger, reader));
    let path = dir.path().join("ledger.db");
    let database = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let opened = open_or_set_aside(dir.path()).unwrap();
    let reader = opened.store.reader();
    assert_eq!(reader.condition().damage, None);
    let length = database.metadata().unwrap().len();
    database.write_all_at(&vec![0x5a; usize::try_from(length).unwrap() - 8192], 8192).unwrap();
    let error = reader.counts().unwrap_err();
    let damage = reader.condition().damage.unwrap_or_else(|| panic!("not noticed: {error}"));
    assert!(damage.contains("malformed"), "{damage}");
    drop((opened, reader));
    let opened = open_or_set_aside(dir.path()).unwrap();
    let aside = opened.instead_of.unwrap();
    assert_eq!((opened.store.last_seq, aside.damage), (0, damage));
    assert_eq!(opened.store.reader().condition().damage, None);
}

#[test]
fn a_ledger_that_is_newer_or_of_another_program_is_not_set_aside() {
    let home = tempfile::tempdir().unwrap();
    drop(reopen(home.path()));
    raw(home.path()).pragma_update(None, "user_version", 70).unwrap();
    assert!(matches!(open_or_set_aside(home.path()).err(), Some(StoreError::Newer { .. })));
    raw(home.path()).pragma_update(None, "application_id", 7).unwrap();
    assert!(matches!(open_or_set_aside(home.path()).err(), Some(StoreError::Foreign { .. })));
    assert_eq!(super::super::set_aside::directories(home.path()), [] as [&Path; 0]);
}

#[test]
fn an_older_ledger_is_brought_up_to_date_and_keeps_what_it_has() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("ledger.db");
    schema::begin_at(&path, 1);
    let body = serde_json::to_vec(&records(vec![daemon_started(0, "b")])[0]).unwrap();
    let sql =
        "INSERT INTO record (seq, kind, at_ms, body, leaf) VALUES (1, 'daemon.started', 0, ?, ?)";
    raw(home.path()).execute(sql, (&body, Hash::of_leaf(&body).as_bytes())).unwrap();
    let store = reopen(home.path());
    assert_eq!(store.last_seq, 1);
    assert_eq!(rebuild(home.path()).unwrap().records, 1);
    assert_eq!(store.recover().unwrap().last_run.unwrap().boot_id, "b");
}

#[test]
fn a_log_that_another_program_holds_is_told_and_shrinks_when_it_lets_go() {
    let mut fixture = Fixture::with(vec![daemon_started(0, "b")]);
    let other = raw(fixture.path());
    other.execute_batch("BEGIN; SELECT count(*) FROM record").unwrap();
    let log = fixture.path().join("ledger.db-wal");
    let mut number = 0;
    while !fixture.reader.condition().is_log_held() {
        let drafts = (number..number + 4000).map(|number| started(0, number, "claude")).collect();
        fixture = fixture.and(drafts);
        number += 4000;
        assert!(number < 2_000_000, "{:?}", fs::metadata(&log));
    }
    // Queries are answered meanwhile.
    assert_eq!(fixture.reader.counts().unwrap().launches, number);
    other.execute_batch("COMMIT").unwrap();
    // What is in the log is brought in with one commit, and with the next the log begins anew.
    let fixture = fixture.and(vec![daemon_started(1, "b")]).and(vec![daemon_started(2, "b")]);
    let size = fs::metadata(&log).unwrap().len();
    assert!(size <= 17 << 20, "{size}");
    assert!(!fixture.reader.condition().is_log_held());
}

#[test]
fn a_ledger_that_cannot_be_made_is_a_reason_to_stop() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("ledger.db")).unwrap();
    assert!(matches!(refusal(home.path()), StoreError::Sqlite(_)));
    fs::write(home.path().join("file"), "").unwrap();
    assert!(matches!(refusal(&home.path().join("file")), StoreError::Directory(_)));
}

#[test]
fn two_that_open_a_new_ledger_at_once_make_one() {
    let home = tempfile::tempdir().unwrap();
    let open_and_append = |number| {
        let store = reopen(home.path());
        let mut ledger =
            super::super::append::Ledger::new(store.connection, store.tree, store.signer);
        for _ in 0..20 {
            ledger.append(&mut records(vec![started(0, number, "claude")]), &[]).unwrap();
        }
    };
    thread::scope(|scope| {
        let open_and_append = &open_and_append;
        (0..4).for_each(|number| drop(scope.spawn(move || open_and_append(number))));
    });
    assert_eq!(reopen(home.path()).last_seq, 80);
    assert_eq!(rebuild(home.path()).unwrap().records, 80);
}

#[test]
fn a_record_is_stored_as_the_bytes_that_were_hashed() {
    let fixture = Fixture::with(vec![started(0, 1, "claude"), daemon_started(0, "b")]);
    let connection = fixture.ledger.connection();
    let mut statement = connection.prepare("SELECT body, leaf FROM record ORDER BY seq").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for (row, seq) in rows.zip(1..) {
        let (body, leaf): (Vec<u8>, Vec<u8>) = row.unwrap();
        assert_eq!(leaf, Hash::of_leaf(&body).as_bytes());
        let record: trackway_protocol::record::Record = serde_json::from_slice(&body).unwrap();
        assert_eq!(record.seq, seq);
        assert_eq!(serde_json::to_vec(&record).unwrap(), body);
    }
}

#[test]
fn a_record_can_be_pruned_but_neither_changed_nor_deleted_nor_replaced() {
    let fixture = Fixture::with(vec![started(0, 1, "claude"), daemon_started(0, "b")]);
    let connection = raw(fixture.path());
    for refused in [
        "DELETE FROM record",
        "DELETE FROM record WHERE seq = 2",
        "UPDATE record SET body = x'00' WHERE seq = 1",
        "UPDATE record SET kind = 'x', body = NULL",
        "UPDATE record SET at_ms = 0, body = NULL",
        "UPDATE record SET leaf = zeroblob(32), body = NULL",
        "UPDATE record SET seq = seq + 10, body = NULL",
        "INSERT INTO record VALUES (9, 'x', 0, NULL, zeroblob(32))",
        "INSERT OR REPLACE INTO record VALUES (2, 'x', 0, NULL, zeroblob(32))",
        "INSERT INTO record VALUES (3, 'x', 0, NULL, x'00')",
    ] {
        assert!(connection.execute(refused, []).is_err(), "{refused}");
    }
    connection.execute("UPDATE record SET body = NULL WHERE seq = 1", []).unwrap();
    assert!(connection.execute("UPDATE record SET body = x'00' WHERE seq = 1", []).is_err());
    assert_eq!(rebuild(fixture.path()).unwrap().records, 1);
}

#[test]
fn what_was_committed_is_there_after_a_close_that_never_came() {
    let Fixture { dir, ledger, .. } = Fixture::with(vec![daemon_started(0, "b")]);
    std::mem::forget(ledger);
    let store = reopen(dir.path());
    assert_eq!(store.last_seq, 1);
    assert_eq!(store.recover().unwrap().last_run.unwrap().boot_id, "b");
}
