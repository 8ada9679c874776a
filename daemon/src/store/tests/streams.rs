//! Several witnesses write at once, each in its own order, and correct what they wrote: however their
//! records come together, the tables are the same.

use std::collections::HashMap;

use proptest::collection;
use proptest::prelude::*;
use trackway_protocol::record::{Body, Record};

use super::super::append::Append as _;
use super::super::project_all;
use super::projections::{LISTED, MERGED, NUMBERED, any_draft, dump};
use super::support::{in_memory, records};

/// What names records by their ids, which these tests keep.
const NAMED: &[&str] =
    &["SELECT key, record FROM usage", "SELECT key, record FROM usage_corrected"];

/// Who writes a record: the pipeline, the readers of session files, the recorder of configuration,
/// and the daemon about itself.
fn witness(record: &Record) -> usize {
    match &record.body {
        Body::LaunchStarted(_)
        | Body::LaunchUpdated(_)
        | Body::LaunchEnded(_)
        | Body::SessionLinked(_) => 0,
        Body::DirTouched(touched) => usize::from(touched.launch.is_none()),
        Body::FileAccessed(accessed) => usize::from(accessed.launch.is_none()),
        Body::SessionStarted(_)
        | Body::SessionUpdated(_)
        | Body::SessionMade(_)
        | Body::Usage(_) => 1,
        Body::ConfigChanged(_) => 2,
        _ => 3,
    }
}

/// Lets each record about a response correct the one before it.
fn corrected(mut records: Vec<Record>) -> Vec<Record> {
    let mut newest = HashMap::new();
    for record in &mut records {
        if let Body::Usage(usage) = &record.body {
            record.replaces = newest.insert(usage.key.clone(), record.id);
        }
    }
    records
}

/// Takes the next record of one stream after the other, as `turns` say; then what is left.
fn interleaved(records: &[Record], turns: &[usize]) -> Vec<Record> {
    let mut streams = [0, 1, 2, 3]
        .map(|stream| records.iter().filter(move |record| witness(record) == stream).cloned());
    let mut woven: Vec<_> = turns.iter().filter_map(|turn| streams[turn % 4].next()).collect();
    woven.extend(streams.into_iter().flatten());
    woven
}

fn tables(mut records: Vec<Record>) -> Vec<Vec<Vec<rusqlite::types::Value>>> {
    let mut ledger = in_memory(Vec::new());
    // In batches, as they come: what a transaction does at its end must not depend on its size.
    for batch in records.chunks_mut(3) {
        ledger.append(batch, &[]).unwrap();
    }
    dump(ledger.connection(), &[MERGED, LISTED, NAMED].concat())
}

fn any_records() -> impl Strategy<Value = Vec<Record>> {
    collection::vec(any_draft(), 0..32).prop_map(|drafts| corrected(records(drafts)))
}

proptest! {
    #[test]
    fn however_the_witnesses_interleave_the_tables_are_the_same(
        records in any_records(),
        turns in collection::vec(0..4_usize, 0..40),
        others in collection::vec(0..4_usize, 0..40),
    ) {
        prop_assert_eq!(
            tables(interleaved(&records, &turns)),
            tables(interleaved(&records, &others))
        );
    }

    #[test]
    fn corrections_may_come_before_what_they_correct(
        (one, other) in any_records().prop_flat_map(|records| {
            (Just(records.clone()), Just(records).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(tables(one), tables(other));
    }

    #[test]
    fn a_rebuild_knows_corrections_as_well(
        records in any_records().prop_flat_map(|records| Just(records).prop_shuffle()),
    ) {
        let mut records = records;
        let mut ledger = in_memory(Vec::new());
        ledger.append(&mut records, &[]).unwrap();
        let queries = [MERGED, LISTED, NUMBERED, NAMED].concat();
        let before = dump(ledger.connection(), &queries);
        project_all(ledger.connection(), &mut || ()).unwrap();
        prop_assert_eq!(dump(ledger.connection(), &queries), before);
    }
}

/// What is left out of a comparison could differ unseen.
#[test]
fn every_column_of_every_projection_is_compared() {
    /// What is stored, and what is no projection.
    const OTHERS: &[&str] =
        &["record", "tree", "checkpoint", "ingest_file", "ingest_key", "ingest_home", "zone_count"];
    let queries = [MERGED, LISTED, NUMBERED, NAMED].concat();
    let ledger = in_memory(Vec::new());
    let connection = ledger.connection();
    let sql = "SELECT t.name, c.name, c.pk FROM sqlite_schema t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let columns: Vec<(String, String)> = columns.unwrap().collect::<Result<_, _>>().unwrap();
    assert!(columns.len() > 100);
    let has = |text: &str, name: &str| {
        text.split(|char: char| !char.is_alphanumeric() && char != '_').any(|word| word == name)
    };
    for (table, column) in columns.iter().filter(|(table, _)| !OTHERS.contains(&&**table)) {
        // A key is a number of ours, which depends on the order: the names behind it are compared.
        let is_compared = queries.iter().any(|sql| has(sql, table) && has(sql, column));
        assert!(column == "key" || is_compared, "{table}.{column}");
    }
}
