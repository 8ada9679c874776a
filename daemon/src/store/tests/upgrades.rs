//! Ledgers that earlier versions left are taken over as a whole.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;
use trackway_protocol::log::Verdict;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Tokens;

use super::super::{Question, open, rebuild, schema};
use super::projections::{LISTED, MERGED, dump};

/// The version of the schema and the directory of each.
fn ledgers() -> Vec<(i64, PathBuf)> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/ledgers");
    let entries = fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path());
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse().ok();
    let mut ledgers: Vec<_> = entries.filter_map(|path| Some((version(&path)?, path))).collect();
    ledgers.sort();
    ledgers
}

/// Puts a ledger where the daemon may have it.
fn unpacked(ledger: &Path) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let packed = fs::read(ledger.join("ledger.db.zst")).unwrap();
    let bytes = zstd::stream::decode_all(&packed[..]).unwrap();
    fs::write(dir.path().join("ledger.db"), bytes).unwrap();
    fs::copy(ledger.join("signing.key"), dir.path().join("signing.key")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(dir.path().join("signing.key"), private).unwrap();
    }
    dir
}

/// Every record as it is stored.
fn records(dir: &Path) -> Vec<(i64, Vec<u8>, Vec<u8>)> {
    let ledger = Connection::open(dir.join("ledger.db")).unwrap();
    let mut all = ledger.prepare("SELECT seq, body, leaf FROM record ORDER BY seq").unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    all.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_ledger_of_every_earlier_schema_keeps_its_records_and_verifies() {
    let ledgers = ledgers();
    assert!(!ledgers.is_empty());
    for (version, ledger) in ledgers {
        let dir = unpacked(&ledger);
        let raw = Connection::open(dir.path().join("ledger.db")).unwrap();
        let found: i64 = raw.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        drop(raw);
        assert_eq!(found, version);
        assert!(found < schema::newest(), "it is one of an earlier version");
        let before = records(dir.path());
        let reader = open(dir.path()).unwrap().reader();
        assert_eq!(records(dir.path()), before, "schema {version}");
        let verified = reader.verify(&Question::default()).unwrap();
        assert_eq!(verified.verdict, Verdict::Ok, "schema {version}: {verified:?}");
        let mut spent = Tokens::default();
        for session in reader.sessions(&Filter::default(), None).unwrap().rows {
            spent.input += session.tokens.input.unwrap();
            spent.cache_read += session.tokens.cache_read.unwrap();
            spent.output += session.tokens.output.unwrap();
        }
        assert_eq!((spent.input, spent.cache_read, spent.output), (340, 500, 110));
    }
}

/// What a migration fills in is what the records say.
#[test]
fn the_tables_of_an_earlier_schema_are_those_that_a_rebuild_gives() {
    for (version, ledger) in ledgers() {
        let dir = unpacked(&ledger);
        drop(open(dir.path()).unwrap());
        let tables = || {
            let ledger = Connection::open(dir.path().join("ledger.db")).unwrap();
            (dump(&ledger, MERGED), dump(&ledger, LISTED))
        };
        let migrated = tables();
        rebuild(dir.path()).unwrap();
        assert_eq!(tables(), migrated, "schema {version}");
    }
}
