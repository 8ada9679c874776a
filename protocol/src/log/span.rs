//! A run of leaves of the tree, as the hashes of the greatest whole subtrees that it is made of.
//!
//! A span that begins with the first leaf is a tree: it has a root. Any other stands for leaves that
//! somebody else has, and says enough of them for the root: that is how a ledger is verified in parts,
//! and how an export tells of the records that it leaves out.

use super::Hash;

/// The leaves from `begin` on, up to but not including `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    begin: u64,
    end: u64,
    /// Roots of whole subtrees, from left to right, each with its height.
    nodes: Vec<(u8, Hash)>,
}

/// A subtree does not begin where the span ends, or the hashes are not those of the span's subtrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the subtrees do not follow each other")]
pub struct NotAligned;

impl Span {
    /// Returns the span without leaves before leaf number `begin`, counted from 0.
    #[must_use]
    pub fn starting_at(begin: u64) -> Self {
        Self { begin, end: begin, nodes: Vec::new() }
    }

    /// Returns the tree without leaves.
    #[must_use]
    pub fn tree() -> Self {
        Self::starting_at(0)
    }

    /// Puts a span together from the hashes of its subtrees, as [`Self::hashes`] gives them.
    ///
    /// # Errors
    ///
    /// [`NotAligned`] where there are more or fewer of them than it has subtrees.
    pub fn from_hashes(
        begin: u64,
        end: u64,
        hashes: impl IntoIterator<Item = Hash>,
    ) -> Result<Self, NotAligned> {
        let heights = heights(begin, end).ok_or(NotAligned)?;
        let mut hashes = hashes.into_iter();
        let nodes: Option<Vec<_>> =
            heights.into_iter().map(|height| Some((height, hashes.next()?))).collect();
        match (nodes, hashes.next()) {
            (Some(nodes), None) => Ok(Self { begin, end, nodes }),
            _ => Err(NotAligned),
        }
    }

    /// Returns the number of the first leaf, counted from 0.
    #[must_use]
    pub fn begin(&self) -> u64 {
        self.begin
    }

    /// Returns the number of the leaf that comes next: of a tree, how many there are.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Whether it has no leaves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begin == self.end
    }

    /// Iterates over the hashes of its subtrees, from left to right.
    pub fn hashes(&self) -> impl Iterator<Item = Hash> {
        self.nodes.iter().map(|(_, hash)| *hash)
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Adds the leaves of a span that begins where this one ends.
    ///
    /// # Errors
    ///
    /// [`NotAligned`] where it begins elsewhere.
    pub fn append(&mut self, next: &Self) -> Result<(), NotAligned> {
        if next.begin != self.end {
            return Err(NotAligned);
        }
        for (height, hash) in &next.nodes {
            self.push_subtree(*height, *hash);
        }
        Ok(())
    }

    /// The subtree begins where the span ends, and its place is a multiple of its size: so it is with
    /// leaves, and with the subtrees of a span.
    fn push_subtree(&mut self, height: u8, hash: Hash) {
        self.end += 1 << height;
        self.nodes.push((height, hash));
        while let [.., (left_height, left), (height, right)] = self.nodes[..] {
            let begins = self.end - (2 << height);
            let is_whole = left_height == height && begins.is_multiple_of(2 << height);
            if !is_whole {
                break;
            }
            self.nodes.truncate(self.nodes.len() - 2);
            self.nodes.push((height + 1, Hash::of_children(&left, &right)));
        }
    }

    /// Returns the root of the tree (RFC 6962's "Merkle Tree Hash"); none where the span does not begin
    /// with the first leaf.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        if self.begin != 0 {
            return None;
        }
        let mut from_the_right = self.nodes.iter().rev().map(|(_, hash)| *hash);
        let Some(last) = from_the_right.next() else { return Some(Hash::of_nothing()) };
        Some(from_the_right.fold(last, |right, left| Hash::of_children(&left, &right)))
    }
}

/// Returns the heights of the greatest whole subtrees of a span, from left to right; none where it ends
/// before it begins, or has more leaves than a ledger ever will.
fn heights(begin: u64, end: u64) -> Option<Vec<u8>> {
    const MOST: u64 = 1 << 62;
    if begin > end || end > MOST {
        return None;
    }
    let (mut heights, mut at) = (Vec::new(), begin);
    while at < end {
        let fits = (end - at).ilog2();
        let height = if at == 0 { fits } else { fits.min(at.trailing_zeros()) };
        heights.push(u8::try_from(height).ok()?);
        at += 1 << height;
    }
    Some(heights)
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    fn span(begin: u64, leaves: &[Vec<u8>]) -> Span {
        let mut span = Span::starting_at(begin);
        leaves.iter().for_each(|leaf| span.push(Hash::of_leaf(leaf)));
        span
    }

    /// The root as RFC 6962 §2.1 defines it, word for word.
    fn by_definition(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Hash::of_nothing(),
            [leaf] => Hash::of_leaf(leaf),
            _ => {
                let split = 1 << (leaves.len() - 1).ilog2();
                let (left, right) = leaves.split_at(split);
                Hash::of_children(&by_definition(left), &by_definition(right))
            }
        }
    }

    fn leaves() -> impl Strategy<Value = Vec<Vec<u8>>> {
        vec(vec(any::<u8>(), 0..4), 0..70)
    }

    #[test]
    fn the_root_is_that_of_certificate_transparency_s_test_vectors() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let mut tree = Span::tree();
        leaves.iter().for_each(|leaf| tree.push(Hash::of_leaf(leaf)));
        let hex: String =
            tree.root().unwrap().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    proptest! {
        #[test]
        fn the_root_is_that_of_the_definition_and_of_another_implementation(leaves in leaves()) {
            let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            leaves.iter().for_each(|leaf| other.push(leaf.clone()));
            let root = span(0, &leaves).root().unwrap();
            prop_assert_eq!(root, by_definition(&leaves));
            let other = other.root();
            prop_assert_eq!(&root.as_bytes()[..], &other.as_bytes()[..]);
        }

        #[test]
        fn parts_make_the_whole_however_it_is_cut(
            leaves in leaves(),
            cuts in vec(0..70_usize, 0..5),
        ) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(leaves.len())).collect();
            cuts.extend([0, leaves.len()]);
            cuts.sort_unstable();
            let mut tree = Span::tree();
            for ends in cuts.windows(2) {
                let part = span(ends[0] as u64, &leaves[ends[0]..ends[1]]);
                let (begin, end) = (part.begin(), part.end());
                // As an export has it.
                let read = Span::from_hashes(begin, end, part.hashes()).unwrap();
                prop_assert_eq!(&read, &part);
                tree.append(&read).unwrap();
            }
            prop_assert_eq!(tree.root(), span(0, &leaves).root());
            prop_assert_eq!(tree.end(), leaves.len() as u64);
        }

        #[test]
        fn a_hash_too_many_or_too_few_is_no_span(begin in 0..500_u64, length in 0..500_u64) {
            let end = begin + length;
            let count = heights(begin, end).unwrap().len();
            let hashes = |count: usize| vec![Hash::of_nothing(); count];
            prop_assert!(Span::from_hashes(begin, end, hashes(count)).is_ok());
            prop_assert!(Span::from_hashes(begin, end, hashes(count + 1)).is_err());
            if count > 0 {
                prop_assert!(Span::from_hashes(begin, end, hashes(count - 1)).is_err());
            }
        }
    }

    #[test]
    fn what_does_not_follow_is_not_added() {
        let mut tree = Span::tree();
        assert_eq!(tree.append(&span(1, &[vec![1]])), Err(NotAligned));
        assert_eq!(Span::starting_at(3).root(), None);
        for (begin, end) in [(2, 1), (0, u64::MAX), (u64::MAX, u64::MAX)] {
            assert_eq!(Span::from_hashes(begin, end, []), Err(NotAligned));
        }
    }
}
