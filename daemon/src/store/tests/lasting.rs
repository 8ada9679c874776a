//! Accesses of files that lasted: what a report counts of them does not depend on how long.

use proptest::collection;
use proptest::prelude::*;
use trackway_protocol::message::Filter;

use super::report::{HOUR, QUARTER, accessed, report, session};
use super::support::Fixture;

proptest! {
    // Each makes a ledger.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_counts_in_each_range_that_its_accesses_reach_into(
        spans in collection::vec((-100 * HOUR..100 * HOUR, 0..80 * HOUR), 0..20),
        from in -300..300_i64, length in 1..100_i64, only_one in any::<bool>(),
    ) {
        let (from, until) = (from * QUARTER, (from + length) * QUARTER);
        let mut drafts = vec![session(-200 * HOUR, "s", "claude", None)];
        for (index, (first, lasted)) in spans.iter().enumerate() {
            let path = format!("/src/{index}");
            for at in [*first, first + lasted] {
                drafts.push(accessed(at, "s", (&path, "read"), None));
            }
        }
        let dir = only_one.then(|| "/src/0".to_owned());
        let filter = Filter { dir, ..Filter::default() };
        let report = report(&Fixture::with(drafts).reader, from, until, filter);
        let wanted = if only_one { &spans[..spans.len().min(1)] } else { &spans };
        let reach = wanted.iter().filter(|(first, lasted)| *first < until && first + lasted >= from);
        prop_assert_eq!(report.totals.files_read, reach.count() as u64);
    }
}
