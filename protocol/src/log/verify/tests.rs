use super::*;

fn leaf(seq: u64) -> Hash {
    Hash::of_leaf(&seq.to_be_bytes())
}

fn checkpoint(size: u64) -> Checkpoint {
    let mut tree = Span::tree();
    (1..=size).for_each(|seq| tree.push(leaf(seq)));
    let root = tree.root().unwrap();
    Checkpoint { origin: "trackway/ab".into(), size, root, at: None }
}

fn seal(kept: Kept, size: u64) -> Seal {
    Seal { checkpoint: checkpoint(size), kept, signature: Some(Signature::Valid) }
}

fn inside(sizes: &[u64]) -> Vec<Seal> {
    sizes.iter().map(|size| seal(Kept::Inside, *size)).collect()
}

/// Verifies leaves 1 to `count`, of which some are others.
fn verify(seals: Vec<Seal>, count: u64, changed: &[u64]) -> Verification {
    let mut verifier = Verifier::new(seals);
    for seq in 1..=count {
        let leaf = if changed.contains(&seq) { Hash::of_leaf(b"else") } else { leaf(seq) };
        verifier.push(leaf);
    }
    verifier.finish_ledger(None, "not checked")
}

#[test]
fn what_fits_is_ok_and_what_comes_after_is_unsealed() {
    let found = verify(inside(&[0, 3, 9, 9]), 9, &[]);
    assert_eq!((found.verdict, found.sealed, found.checkpoints), (Verdict::Ok, 9, 4));
    let found = verify(inside(&[3, 9]), 11, &[]);
    assert_eq!((found.verdict, found.sealed), (Verdict::UnsealedTail, 9));
    assert!(found.verdict.is_good());
}

#[test]
fn a_changed_record_is_between_two_checkpoints() {
    let found = verify(inside(&[3, 9, 12]), 12, &[5]);
    assert_eq!(found.verdict, Verdict::Altered);
    let [fault] = &found.faults[..] else { panic!("one fault, and not {found:#?}") };
    assert_eq!((fault.seq, fault.until), (Some(4), Some(9)));
}

#[test]
fn fewer_records_than_a_checkpoint_has_are_truncated() {
    for seals in [inside(&[3, 9]), vec![seal(Kept::Outside, 9)]] {
        let found = verify(seals, 8, &[]);
        assert_eq!((found.verdict, found.faults[0].seq), (Verdict::Truncated, Some(9)));
    }
}

#[test]
fn a_history_that_was_written_anew_is_forged_where_a_checkpoint_lies_elsewhere() {
    // What the ledger's own key signed after the change fits.
    let mut tree = Span::tree();
    (1..=9).for_each(|seq| tree.push(if seq == 5 { Hash::of_leaf(b"else") } else { leaf(seq) }));
    let mut signed_anew = seal(Kept::Inside, 9);
    signed_anew.checkpoint.root = tree.root().unwrap();
    let found = verify(vec![signed_anew.clone()], 9, &[5]);
    assert_eq!(found.verdict, Verdict::Ok, "nobody can see it without");
    let found = verify(vec![signed_anew, seal(Kept::Outside, 7)], 9, &[5]);
    assert_eq!(found.verdict, Verdict::Forged);
    // Where the ledger has no checkpoint that agrees, nobody signed anything.
    let found = verify(vec![seal(Kept::Outside, 7)], 9, &[5]);
    assert_eq!(found.verdict, Verdict::Altered);
}

#[test]
fn a_signature_that_does_not_fit_is_forged_though_the_tree_does() {
    for signature in [Signature::Invalid, Signature::OtherKey] {
        let bad = Seal { signature: Some(signature), ..seal(Kept::Inside, 9) };
        let found = verify(vec![bad], 9, &[]);
        assert_eq!((found.verdict, found.sealed), (Verdict::Forged, 0));
    }
}

#[test]
fn a_checkpoint_that_a_record_names_must_be_there() {
    let mut verifier = Verifier::new(inside(&[3]));
    (1..=9).for_each(|seq| verifier.push(leaf(seq)));
    verifier.claim(4, 3, checkpoint(3).root);
    assert_eq!(verifier.clone().finish(None, "").verdict, Verdict::UnsealedTail);
    verifier.claim(9, 8, checkpoint(8).root);
    let found = verifier.finish(None, "");
    assert_eq!((found.verdict, found.faults[0].seq), (Verdict::Altered, Some(9)));
}

#[test]
fn a_body_that_is_gone_must_be_accounted_for() {
    let verdict = |gone: &[u64], accounts: &[(u64, u64, u64)]| {
        let mut verifier = Verifier::new(inside(&[9]));
        for seq in 1..=9 {
            verifier.push(leaf(seq));
            if gone.contains(&seq) {
                verifier.pruned(seq);
            }
        }
        accounts.iter().for_each(|(from, until, count)| verifier.account(*from, *until, *count));
        let found = verifier.finish_ledger(None, "");
        (found.verdict, found.pruned, found.faults.first().and_then(|fault| fault.seq))
    };
    assert_eq!(verdict(&[2, 3, 5], &[(2, 3, 2), (4, 6, 1)]), (Verdict::Pruned, 3, None));
    assert_eq!(verdict(&[2, 3, 5], &[(2, 3, 2)]), (Verdict::Altered, 3, Some(5)));
    assert_eq!(verdict(&[2, 3], &[(2, 5, 3)]), (Verdict::Altered, 2, Some(2)));
    assert_eq!(verdict(&[], &[(2, 5, 3)]), (Verdict::Altered, 0, None));
    // What was pruned in slices lies side by side.
    assert_eq!(verdict(&[1, 2, 3, 4], &[(3, 4, 2), (1, 2, 2)]), (Verdict::Pruned, 4, None));
    assert_eq!(verdict(&[1, 2, 3, 4], &[(1, 2, 2), (4, 4, 2)]), (Verdict::Altered, 4, Some(1)));
}

#[test]
fn a_ledger_without_checkpoints_had_some() {
    assert_eq!(verify(Vec::new(), 900, &[]).verdict, Verdict::UnsealedTail);
    let found = verify(Vec::new(), 1001, &[]);
    assert_eq!((found.verdict, found.faults[0].seq), (Verdict::Altered, Some(1)));
}

#[test]
fn faults_without_end_are_counted() {
    let mut verifier = Verifier::new(Vec::new());
    for seq in 0..50 {
        let why = String::new();
        verifier.fault(Fault { verdict: Verdict::Altered, seq: Some(seq), until: None, why });
    }
    let found = verifier.finish(None, "");
    assert_eq!((found.faults.len(), found.more_faults), (20, 30));
}
