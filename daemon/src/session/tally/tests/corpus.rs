//! Corpora with every trap, read in any order and in any pieces.

use proptest::prelude::*;

use super::{Follower, cache_written};
use crate::session::tally::memory::Ledger;

mod made;

pub(crate) use made::{DIRS, Said, made, place};
use made::{Dice, made_by};

/// Reads files side by side, each in pieces that end anywhere, with restarts between them.
fn follow(files: &[String], dice: &mut Dice) -> Ledger {
    let mut ledger = Ledger::default();
    let mut followers: Vec<_> = files.iter().map(|text| Follower::new(text)).collect();
    let mut there = vec![0; files.len()];
    while followers.iter().any(|follower| !follower.is_done()) {
        let n = dice.below(files.len());
        let rest = files[n].len() - there[n];
        there[n] += if dice.one_in(4) { rest } else { dice.below(rest + 1) };
        followers[n].grow_to(there[n]).iter().for_each(|fact| ledger.take(fact));
        if dice.one_in(3) {
            followers[n].restart();
        }
    }
    ledger
}

/// Returns the responses as they count; under which of its keys one does is of no matter.
fn responses(ledger: &Ledger) -> Vec<String> {
    let mut responses: Vec<_> =
        ledger.records.values().map(|response| format!("{response:?}")).collect();
    responses.sort();
    responses
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_response_counts_once_in_any_order_and_in_any_pieces(seed in 1..u64::MAX) {
        let mut dice = Dice(seed);
        let corpus = made_by(&mut dice);
        let ledger = follow(&corpus.files, &mut dice);
        let total = ledger.total();
        let told = (ledger.records.len(), total.input, total.output, total.cache_read, cache_written(&total));
        let [input, output, read, written] = corpus.tokens;
        let made = (corpus.responses, input, output, read, written);
        prop_assert_eq!(told, made);
        let mut again = corpus.files.clone();
        dice.shuffle(&mut again);
        prop_assert_eq!(responses(&follow(&again, &mut dice)), responses(&ledger));
    }
}
