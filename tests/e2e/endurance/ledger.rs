//! What must hold of a ledger's file, whatever was done to its daemon.

use std::fs;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _};
use tempfile::TempDir;
use trackway_protocol::log::{Hash, Verdict};
use trackway_tests::watch::Watch;
use trackway_tests::world::program;

use crate::tampering::verdict;

/// A copy of a ledger that no daemon has open, as it was left, its log included.
pub(super) struct Copy {
    dir: TempDir,
}

impl Copy {
    /// Copies what lies in a state directory.
    pub(super) fn of(state_dir: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for file in ["ledger.db", "ledger.db-wal", "signing.key"] {
            if state_dir.join(file).exists() {
                fs::copy(state_dir.join(file), dir.path().join(file)).expect("there is room");
            }
        }
        Self { dir }
    }

    fn open(&self) -> Connection {
        Connection::open(self.dir.path().join("ledger.db")).expect("it is a database")
    }

    /// Claims that no byte is damaged, no number missing and no body other than its hash says.
    pub(super) fn verify(&self) {
        let ledger = self.open();
        let sound: String =
            ledger.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect(READABLE);
        assert_eq!(sound, "ok");
        let mut rows =
            ledger.prepare("SELECT seq, body, leaf FROM record ORDER BY seq").expect(READABLE);
        let mut rows = rows.query([]).expect("the table is there");
        let mut expected = 1;
        while let Some(row) = rows.next().expect(READABLE) {
            let (seq, body, leaf): (i64, Vec<u8>, Vec<u8>) =
                (row.get_unwrap(0), row.get_unwrap(1), row.get_unwrap(2));
            assert_eq!(seq, expected, "a number is missing");
            assert_eq!(leaf, Hash::of_leaf(&body).as_bytes(), "record {seq} is altered");
            expected += 1;
        }
        let found = std::process::Command::new(program("trackwayd"))
            .args(["verify", "--json", "--state-dir"])
            .arg(self.dir.path())
            .output();
        let found = verdict(&found.expect("trackwayd was built"));
        let is_whole = matches!(found.verdict, Verdict::Ok | Verdict::UnsealedTail);
        assert!(is_whole && found.records == expected.unsigned_abs() - 1, "{found:#?}");
    }

    /// Claims that everything that was shown is there, byte by byte. Returns the newest number.
    pub(super) fn holds(&self, shown: &[String]) -> u64 {
        let ledger = self.open();
        let mut find = ledger.prepare("SELECT body FROM record WHERE seq = ?").expect(READABLE);
        for line in shown {
            let record: serde_json::Value = serde_json::from_str(line)
                .unwrap_or_else(|why| panic!("half a record, {why}: {line}"));
            let seq = record["seq"].as_i64().expect("a record has a number");
            let body: Option<Vec<u8>> =
                find.query_row([seq], |row| row.get(0)).optional().expect(READABLE);
            assert_eq!(
                body.as_deref(),
                Some(line.as_bytes()),
                "record {seq} was shown and is lost"
            );
        }
        let newest: i64 = ledger
            .query_row("SELECT ifnull(max(seq), 0) FROM record", [], |row| row.get(0))
            .expect(READABLE);
        newest.cast_unsigned()
    }

    /// Claims that the tables which answer questions are those that a rebuild makes.
    pub(super) fn equals_a_rebuild(&self) {
        let before = dump(&self.open());
        let rebuilt = std::process::Command::new(program("trackwayd"))
            .args(["rebuild", "--state-dir"])
            .arg(self.dir.path())
            .output()
            .expect("trackwayd was built");
        assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
        for ((table, before), (_, after)) in before.iter().zip(dump(&self.open())) {
            let other = before.iter().zip(&after).find(|(before, after)| before != after);
            let rows = (before.len(), after.len());
            assert!(rows.0 == rows.1 && other.is_none(), "{table}: {rows:?} rows, {other:?}");
        }
    }
}

/// Waits for nothing: claims all of the above of a daemon that was just killed.
pub(super) fn assert_whole(watch: &Watch, shown: &[String]) -> u64 {
    let copy = Copy::of(&watch.daemon.state_dir());
    copy.verify();
    copy.holds(shown)
}

/// Of whatever is read here.
const READABLE: &str = "the ledger is there and sound";

/// What neither comes from records nor is made anew.
const NO_PROJECTION: [&str; 5] = ["record", "sqlite_", "ingest_", "tree", "checkpoint"];

/// Returns every projection with its rows, sorted, but for the numbers that rows refer to each other
/// by: a rebuild gives others.
fn dump(ledger: &Connection) -> Vec<(String, Vec<String>)> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut tables = ledger.prepare(sql).expect(READABLE);
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).expect(READABLE).flatten();
    let is_projection = |name: &String| !NO_PROJECTION.iter().any(|other| name.starts_with(other));
    let tables: Vec<String> = tables.filter(is_projection).collect();
    let dump = |table: &String| {
        let mut rows = ledger.prepare(&format!("SELECT * FROM {table}")).expect(READABLE);
        let is_number = |name: &&str| *name == "key" || tables.iter().any(|table| table == name);
        let names: Vec<bool> = rows.column_names().map(|name| is_number(&name)).collect();
        let row = |row: &rusqlite::Row<'_>| {
            let value = |(column, is_number): (usize, &bool)| match row.get_unwrap(column) {
                Value::Integer(_) if *is_number => Value::Null,
                value => value,
            };
            let values: Vec<Value> = names.iter().enumerate().map(value).collect();
            Ok(format!("{values:?}"))
        };
        let mut rows: Vec<String> =
            rows.query_map([], row).and_then(Iterator::collect).expect(READABLE);
        rows.sort();
        (table.clone(), rows)
    };
    tables.iter().map(dump).collect()
}
