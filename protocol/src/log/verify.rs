//! Verifying: leaves in order on one side, checkpoints on the other, and what follows from both.
//!
//! It is fed by whoever has the leaves: the daemon from its ledger, `trackwayctl` from an export.
//!
//! # Verdicts
//!
//! A body that does not fit its hash, a number out of its place, or a tree that does not have the root
//! of one of the ledger's own checkpoints: `altered`. Fewer records than a checkpoint has: `truncated`.
//! A checkpoint that its key did not sign, or one from elsewhere that contradicts what the ledger's own
//! checkpoints agree with: `forged`, for whoever did that wrote checkpoints. What is no ledger's any
//! more: `corrupt`.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Checkpoint, Hash, NotAligned, Signature, Span};

/// An honest daemon seals its records at once when there are a thousand more. Only one that died while
/// it wrote many leaves a tail behind, and none that is longer than this.
pub const MOST_UNSEALED: u64 = 100_000;
/// Faults that are told one by one.
const MOST_FAULTS: usize = 20;

/// What was found, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every record is as it was sealed.
    Ok,
    /// So is every record up to the newest checkpoint; what came after it is not sealed yet.
    UnsealedTail,
    /// So is every record that still has its body; of others only the hash is left, as the ledger's
    /// own records say.
    Pruned,
    /// Records that were sealed are not there any more.
    Truncated,
    /// A record is not as it was sealed, or not where it was.
    Altered,
    /// A checkpoint was not signed by its key, or two that were signed contradict each other.
    Forged,
    /// It cannot be read as a ledger, or as an export of one.
    Corrupt,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(self) -> bool {
        self <= Self::Pruned
    }

    /// Returns the word for it, for a person.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::UnsealedTail => "ok with an unsealed tail",
            Self::Pruned => "pruned",
            Self::Truncated => "truncated",
            Self::Altered => "altered",
            Self::Forged => "forged",
            Self::Corrupt => "corrupt",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What it is.
    pub verdict: Verdict,
    /// The number of the record that it is about, or of the first that it may be about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The number of the last that it may be about, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// What is wrong, for a person.
    pub why: String,
}

/// Where a checkpoint was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the ledger, or in the export.
    Inside,
    /// Elsewhere: whoever wrote the ledger anew did not reach it.
    Outside,
}

/// A checkpoint to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// Where it was kept.
    pub kept: Kept,
    /// Whether the key signed it; none where no key is known.
    pub signature: Option<Signature>,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The verdict: the worst of all that was found.
    pub verdict: Verdict,
    /// The log's name; absent where nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Records of the ledger.
    pub records: u64,
    /// How many of them have no bodies any more.
    pub pruned: u64,
    /// How many of them are not in the export.
    pub left_out: u64,
    /// Records up to the newest checkpoint that fits.
    pub sealed: u64,
    /// Checkpoints of the ledger's own that fit.
    pub checkpoints: u64,
    /// Checkpoints kept elsewhere that fit.
    pub outside: u64,
    /// Checkpoints kept elsewhere that could not be compared: the export leaves out records on both
    /// sides of where they stand.
    pub not_compared: u64,
    /// `checked` where the checkpoints were verified with a key that was given; `not checked` where
    /// the key is the one that lies beside the ledger, or there is none.
    pub key: String,
    /// What is wrong, the first record first.
    pub faults: Vec<Fault>,
    /// Faults beyond those.
    pub more_faults: u64,
}

/// A verification that goes on.
#[derive(Clone, Debug)]
pub struct Verifier {
    tree: Span,
    /// By size; those that were compared are before `next`.
    seals: Vec<Seal>,
    next: usize,
    /// Up to which size everything fits a checkpoint of the ledger's own, or any.
    sealed: u64,
    sealed_inside: u64,
    checkpoints: u64,
    outside: u64,
    not_compared: u64,
    /// Sizes at which a checkpoint from elsewhere contradicts.
    contradicted: Vec<(u64, Option<String>)>,
    roots: BTreeSet<(u64, Hash)>,
    pruned: Vec<(u64, u64)>,
    /// What the records about pruning account for: from, until, how many.
    accounted: Vec<(u64, u64, u64)>,
    left_out: u64,
    has_own: bool,
    /// Whether leaves are missing, so that nothing can be said of what follows.
    is_broken_off: bool,
    faults: Vec<Fault>,
    more_faults: u64,
}

impl Verifier {
    /// Begins with the checkpoints to compare with.
    #[must_use]
    pub fn new(mut seals: Vec<Seal>) -> Self {
        seals.sort_by_key(|seal| seal.checkpoint.size);
        let roots = seals.iter().filter(|seal| seal.kept == Kept::Inside);
        let roots = roots.map(|seal| (seal.checkpoint.size, seal.checkpoint.root)).collect();
        let mut verifier = Self {
            tree: Span::tree(),
            next: 0,
            sealed: 0,
            sealed_inside: 0,
            checkpoints: 0,
            outside: 0,
            not_compared: 0,
            contradicted: Vec::new(),
            roots,
            pruned: Vec::new(),
            accounted: Vec::new(),
            left_out: 0,
            is_broken_off: false,
            has_own: seals.iter().any(|seal| seal.kept == Kept::Inside),
            faults: Vec::new(),
            more_faults: 0,
            seals: Vec::new(),
        };
        for seal in &seals {
            verifier.check_signature(seal);
        }
        verifier.seals = seals;
        verifier.compare();
        verifier
    }

    fn check_signature(&mut self, seal: &Seal) {
        let Checkpoint { origin, size, .. } = &seal.checkpoint;
        let where_from = match seal.kept {
            Kept::Inside => "the checkpoint",
            Kept::Outside => "the checkpoint kept elsewhere",
        };
        let why = match seal.signature {
            Some(Signature::Invalid) => "was not signed by the key that it names",
            Some(Signature::OtherKey) => "is of another log, or was signed by another key",
            Some(Signature::Valid) | None => return,
        };
        let why = format!("{where_from} of {size} records ({origin}) {why}");
        self.fault(Fault { verdict: Verdict::Forged, seq: None, until: None, why });
    }

    /// Returns up to where leaves may be added in one go: the size of the next checkpoint.
    #[must_use]
    pub fn next_cut(&self) -> Option<u64> {
        self.seals.get(self.next).map(|seal| seal.checkpoint.size)
    }

    /// Returns how many leaves there are so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.end()
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.tree.push(leaf);
        self.compare();
    }

    /// Adds leaves.
    ///
    /// # Errors
    ///
    /// [`NotAligned`] where they do not follow the last one.
    pub fn append(&mut self, span: &Span) -> Result<(), NotAligned> {
        self.tree.append(span)?;
        self.compare();
        Ok(())
    }

    /// Adds leaves that the export leaves out. A checkpoint in the midst of them cannot be compared.
    ///
    /// # Errors
    ///
    /// [`NotAligned`] where they do not follow the last one.
    pub fn leave_out(&mut self, span: &Span, pruned: u64) -> Result<(), NotAligned> {
        self.append(span)?;
        self.left_out += (span.end() - span.begin()).saturating_sub(pruned);
        if pruned > 0 {
            self.pruned.push((span.begin() + 1, span.begin() + pruned));
        }
        Ok(())
    }

    fn compare(&mut self) {
        while let Some(seal) = self.seals.get(self.next) {
            let size = seal.checkpoint.size;
            if size > self.tree.end() {
                break;
            }
            self.next += 1;
            if size < self.tree.end() {
                self.not_compared += u64::from(seal.kept == Kept::Outside);
                continue;
            }
            let (kept, is_signed) =
                (seal.kept, matches!(seal.signature, None | Some(Signature::Valid)));
            let fits = self.tree.root() == Some(seal.checkpoint.root);
            let at = seal.checkpoint.at.map(|at| at.to_string());
            match (fits, kept) {
                (true, _) if !is_signed => {}
                (true, Kept::Inside) => {
                    (self.sealed, self.sealed_inside) = (size, size);
                    self.checkpoints += 1;
                }
                (true, Kept::Outside) => {
                    self.sealed = size;
                    self.outside += 1;
                }
                (false, Kept::Inside) => self.altered(size),
                (false, Kept::Outside) => self.contradicted.push((size, at)),
            }
        }
    }

    /// Some record since the last checkpoint that fits is not as it was.
    fn altered(&mut self, size: u64) {
        // Where one checkpoint does not fit, those after it do not either.
        let is_known = self.faults.iter().any(|fault| fault.verdict == Verdict::Altered);
        if !is_known {
            let first = self.sealed + 1;
            let why = if first >= size {
                format!("record {size} is not as it was sealed")
            } else {
                format!("one of the records {first} to {size} is not as it was sealed")
            };
            let until = (first < size).then_some(size);
            self.fault(Fault { verdict: Verdict::Altered, seq: Some(first.min(size)), until, why });
        }
    }

    /// Notes that only the hash of a record is left.
    pub fn pruned(&mut self, seq: u64) {
        match self.pruned.last_mut() {
            Some((_, last)) if *last + 1 == seq => *last = seq,
            _ => self.pruned.push((seq, seq)),
        }
    }

    /// Notes that a record accounts for bodies that are gone: so many between two numbers.
    pub fn account(&mut self, from: u64, until: u64, count: u64) {
        self.accounted.push((from, until, count));
    }

    /// Notes that a record names a checkpoint of the ledger's own, which therefore was there.
    pub fn claim(&mut self, seq: u64, size: u64, root: Hash) {
        if !self.roots.contains(&(size, root)) {
            let why =
                format!("the checkpoint of {size} records, which record {seq} names, is gone");
            self.fault(Fault { verdict: Verdict::Altered, seq: Some(seq), until: None, why });
        }
    }

    /// Notes that no leaf can be had from here on, and why.
    pub fn break_off(&mut self, fault: Fault) {
        self.is_broken_off = true;
        self.fault(fault);
    }

    /// Notes something that is wrong.
    pub fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        } else {
            self.more_faults += 1;
        }
    }

    /// Returns what is to be said, now that every leaf was added. Whether all pruned records are
    /// accounted for only a ledger can tell, not an export.
    #[must_use]
    pub fn finish(mut self, origin: Option<String>, key: &str) -> Verification {
        let records = self.tree.end();
        self.judge_contradictions();
        if !self.is_broken_off {
            self.judge_length(records);
        }
        let pruned = self.pruned.iter().map(|(first, last)| last - first + 1).sum();
        let worst = self.faults.iter().map(|fault| fault.verdict).max();
        let verdict = match worst {
            Some(worst) => worst,
            None if pruned > 0 => Verdict::Pruned,
            None if self.sealed < records => Verdict::UnsealedTail,
            None => Verdict::Ok,
        };
        // The worst first, and of these the first record first.
        self.faults.sort_by_key(|fault| (std::cmp::Reverse(fault.verdict), fault.seq.unwrap_or(0)));
        Verification {
            verdict,
            origin,
            records,
            pruned,
            left_out: self.left_out,
            sealed: self.sealed,
            checkpoints: self.checkpoints,
            outside: self.outside,
            not_compared: self.not_compared,
            key: key.to_owned(),
            faults: self.faults,
            more_faults: self.more_faults,
        }
    }

    /// Returns the same for a ledger, in which every record without a body must be accounted for.
    #[must_use]
    pub fn finish_ledger(mut self, origin: Option<String>, key: &str) -> Verification {
        if self.is_broken_off {
            return self.finish(origin, key);
        }
        self.judge_pruned();
        let records = self.tree.end();
        if records.saturating_sub(self.sealed_inside) > MOST_UNSEALED
            || (!self.has_own && records > 1000)
        {
            let why =
                format!("the checkpoints of its records after {} are gone", self.sealed_inside);
            let seq = Some(self.sealed_inside + 1);
            self.fault(Fault { verdict: Verdict::Altered, seq, until: Some(records), why });
        }
        self.finish(origin, key)
    }

    /// Where the ledger's own checkpoints agree with what a checkpoint from elsewhere contradicts,
    /// somebody has signed two histories.
    fn judge_contradictions(&mut self) {
        for (size, at) in std::mem::take(&mut self.contradicted) {
            let verdict =
                if self.sealed_inside >= size { Verdict::Forged } else { Verdict::Altered };
            let when = at.map_or(String::new(), |at| format!(" of {at}"));
            let why = format!(
                "the first {size} records are not those of the checkpoint kept elsewhere{when}"
            );
            self.fault(Fault { verdict, seq: Some(1), until: Some(size), why });
        }
    }

    fn judge_length(&mut self, records: u64) {
        let longest = self.seals.iter().rfind(|seal| seal.checkpoint.size > records);
        let Some(Seal { checkpoint, kept, .. }) = longest else { return };
        let size = checkpoint.size;
        let place = match kept {
            Kept::Inside => "a checkpoint",
            Kept::Outside => "the checkpoint kept elsewhere",
        };
        let why = format!("there are {records} records, and {place} has {size}");
        let fault =
            Fault { verdict: Verdict::Truncated, seq: Some(records + 1), until: Some(size), why };
        self.fault(fault);
    }

    fn judge_pruned(&mut self) {
        let gone: u64 = self.pruned.iter().map(|(first, last)| last - first + 1).sum();
        let accounted: u64 = self.accounted.iter().map(|(_, _, count)| *count).sum();
        let spans = together(&self.accounted);
        let is_accounted = |(first, last): &(u64, u64)| {
            spans.iter().any(|(from, until)| from <= first && last <= until)
        };
        let stray = self.pruned.iter().find(|range| !is_accounted(range));
        if gone == accounted && stray.is_none() {
            return;
        }
        let first = stray.or(self.pruned.first()).map(|(first, _)| *first);
        let why = format!(
            "{gone} records have no bodies, and the records about pruning account for {accounted}"
        );
        self.fault(Fault { verdict: Verdict::Altered, seq: first, until: None, why });
    }
}

/// Returns the ranges that several records account for together: pruning goes on where it ended.
fn together(accounted: &[(u64, u64, u64)]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<_> = accounted.iter().map(|(from, until, _)| (*from, *until)).collect();
    ranges.sort_unstable();
    let mut together: Vec<(u64, u64)> = Vec::new();
    for (from, until) in ranges {
        match together.last_mut() {
            Some((_, end)) if from <= end.saturating_add(1) => *end = until.max(*end),
            _ => together.push((from, until)),
        }
    }
    together
}

#[cfg(test)]
mod tests;
