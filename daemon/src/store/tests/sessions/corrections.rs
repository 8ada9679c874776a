//! Of a response the last record counts, in whatever order they come.

use proptest::prelude::*;

use super::*;

/// Returns records of which each but the first corrects the one before it.
fn chain(usages: Vec<(i64, Usage)>) -> Vec<Record> {
    let drafts = usages.into_iter().map(|(ms, usage)| used(ms, usage)).collect();
    let mut chain = records(drafts);
    for place in 1..chain.len() {
        chain[place].replaces = Some(chain[place - 1].id);
    }
    chain
}

/// Returns session, input and output of all that counts.
fn sums(mut records: Vec<Record>) -> Vec<(String, i64, i64)> {
    let mut ledger = in_memory(Vec::new());
    ledger.append(&mut records, &[]).unwrap();
    let sql = "SELECT id, responses, output FROM session_model n
        JOIN session s ON s.key = n.session ORDER BY id";
    let mut statement = ledger.connection().prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn any_order(records: Vec<Record>) -> impl Strategy<Value = Vec<Record>> {
    Just(records).prop_shuffle()
}

proptest! {
    #[test]
    fn of_a_response_the_last_correction_counts_whatever_came_first(
        records in any_order(chain(vec![
            (9, usage("fork", "k1", 5)),
            (9, usage("fork", "k1", 8)),
            // Found in its original: earlier, and of another session.
            (2, usage("origin", "k1", 8)),
        ])),
    ) {
        prop_assert_eq!(sums(records), [("origin".to_owned(), 1, 8)]);
    }

    #[test]
    fn a_response_that_was_retracted_counts_in_no_order(
        records in any_order(chain(vec![
            (9, usage("s1", "k1", 5)),
            (9, Usage { retracted: true, ..usage("s1", "k1", 5) }),
        ])),
    ) {
        prop_assert_eq!(sums(records), []);
    }
}
