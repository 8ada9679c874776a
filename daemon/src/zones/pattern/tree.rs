//! A tree of patterns: names are followed from its root, and whatever node they lead to is a match.
//!
//! `**` has a node that, once reached, stays so; all others are reached by one name.

use std::collections::{BTreeMap, HashMap};
use std::mem;

use super::{Part, Pattern, Token, fits};

/// Patterns, each with a number.
#[derive(Debug)]
pub(in super::super) struct Tree(Vec<Node>);

/// What is between the first wildcard of a name and the last, and to which node it leads.
type Wilds = BTreeMap<Vec<Token>, usize>;

#[derive(Debug, Default)]
struct Node {
    names: HashMap<Vec<u8>, usize>,
    /// By what is before the first wildcard, then by what is after the last, then by the longest text
    /// between two.
    wilds: ByLength<ByLength<ByLength<Wilds>>>,
    any: Option<usize>,
    /// Whether it can be reached after various numbers of names.
    is_below_any: bool,
    /// Numbers of the patterns that end here.
    ends: Vec<usize>,
    /// How many bytes these name, which is the same for all.
    literals: usize,
}

impl Default for Tree {
    fn default() -> Self {
        Self(vec![Node::default()])
    }
}

impl Tree {
    pub(in super::super) fn is_empty(&self) -> bool {
        self.0.len() == 1 && self.0[0].ends.is_empty()
    }

    pub(in super::super) fn insert(&mut self, pattern: &Pattern, number: usize) {
        let (mut at, mut is_below_any) = (0, false);
        for part in &pattern.0 {
            let (new, node) = (self.0.len(), &mut self.0[at]);
            at = match part {
                Part::Name(name) => *node.names.entry(name.clone()).or_insert(new),
                Part::Wild(head, middle, tail) => {
                    let wilds = node.wilds.entry(head).entry(tail).entry(&longest(middle));
                    *wilds.entry(middle.clone()).or_insert(new)
                }
                Part::Any => *node.any.get_or_insert(new),
            };
            is_below_any |= *part == Part::Any;
            if at == new {
                self.0.push(Node { is_below_any, ..Node::default() });
            }
        }
        let node = &mut self.0[at];
        node.literals = pattern.literals();
        node.ends.push(number);
    }

    /// Calls `found` with each pattern that matches a path or what it lies in: its number, how many
    /// bytes it names, and after how many names it first matched.
    pub(in super::super) fn above<'a>(
        &self,
        path: impl Iterator<Item = &'a [u8]>,
        mut found: impl FnMut(usize, usize, usize),
    ) {
        let mut walk = Walk::new(self);
        let mut seen = Vec::new();
        let mut path = path.enumerate();
        let mut depth = 0;
        loop {
            for at in &walk.reached {
                let node = &self.0[*at];
                if node.ends.is_empty() || node.is_below_any && seen.contains(at) {
                    continue;
                }
                if node.is_below_any {
                    seen.push(*at);
                }
                node.ends.iter().for_each(|number| found(*number, node.literals, depth));
            }
            let Some((before, name)) = path.next().filter(|_| !walk.is_over()) else { return };
            walk.step(name);
            depth = before + 1;
        }
    }

    /// Calls `found` with each pattern that matches all of the names: its number, and how many bytes it
    /// names.
    pub(in super::super) fn whole(
        &self,
        names: impl Iterator<Item = impl AsRef<[u8]>>,
        mut found: impl FnMut(usize, usize),
    ) {
        let mut walk = Walk::new(self);
        for name in names {
            if walk.is_over() {
                return;
            }
            walk.step(name.as_ref());
        }
        for at in walk.reached.iter().chain(&walk.lasting) {
            let node = &self.0[*at];
            node.ends.iter().for_each(|number| found(*number, node.literals));
        }
    }
}

/// The nodes to which names lead.
struct Walk<'a> {
    tree: &'a Tree,
    reached: Vec<usize>,
    before: Vec<usize>,
    /// Those of `**`, which are reached once and for all.
    lasting: Vec<usize>,
}

impl<'a> Walk<'a> {
    fn new(tree: &'a Tree) -> Self {
        let (before, lasting) = (Vec::new(), Vec::from_iter(tree.0[0].any));
        Self { tree, reached: vec![0], before, lasting }
    }

    fn is_over(&self) -> bool {
        self.reached.is_empty() && self.lasting.is_empty()
    }

    fn step(&mut self, name: &[u8]) {
        mem::swap(&mut self.reached, &mut self.before);
        self.reached.clear();
        for at in self.before.iter().chain(&self.lasting) {
            self.tree.0[*at].children(name, &mut self.reached);
        }
        for at in &self.reached {
            let node = &self.tree.0[*at];
            if let Some(any) = node.any
                && !(node.is_below_any && self.lasting.contains(&any))
            {
                self.lasting.push(any);
            }
        }
    }
}

impl Node {
    /// Adds those below it to which a name leads.
    fn children(&self, name: &[u8], reached: &mut Vec<usize>) {
        reached.extend(self.names.get(name));
        for (length, heads) in &self.wilds.0 {
            let Some((head, rest)) = name.split_at_checked(*length) else { break };
            let Some(tails) = heads.get(head) else { continue };
            for (length, tails) in &tails.0 {
                let Some(end) = rest.len().checked_sub(*length) else { break };
                let (middle, tail) = rest.split_at(end);
                let Some(texts) = tails.get(tail) else { continue };
                texts.within(middle, |wilds| {
                    let fitting = wilds.iter().filter(|(wild, _)| fits(wild, middle));
                    reached.extend(fitting.map(|(_, at)| *at));
                });
            }
        }
    }
}

/// Returns the longest text between wildcards.
fn longest(tokens: &[Token]) -> Vec<u8> {
    let texts = tokens.split(|token| token.byte().is_none());
    let longest = texts.max_by_key(|text| text.len()).unwrap_or_default();
    longest.iter().filter_map(|token| token.byte()).collect()
}

/// A map by texts, to be asked for beginnings, ends or parts of a text; the shortest first.
#[derive(Debug)]
struct ByLength<T>(Vec<(usize, HashMap<Vec<u8>, T>)>);

impl<T> Default for ByLength<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Default> ByLength<T> {
    fn entry(&mut self, key: &[u8]) -> &mut T {
        let at = self.0.binary_search_by_key(&key.len(), |(length, _)| *length);
        let at = at.unwrap_or_else(|at| {
            self.0.insert(at, (key.len(), HashMap::new()));
            at
        });
        self.0[at].1.entry(key.to_owned()).or_default()
    }

    /// Calls `found` once for each key that a text has in it.
    fn within(&self, text: &[u8], mut found: impl FnMut(&T)) {
        for (length, keys) in &self.0 {
            let Some(last) = text.len().checked_sub(*length) else { break };
            // The empty key is in it wherever one looks.
            let last = if *length == 0 { 0 } else { last };
            let mut seen = Vec::new();
            for key in (0..=last).map(|at| &text[at..at + length]) {
                if let Some(value) = keys.get(key).filter(|_| !seen.contains(&key)) {
                    seen.push(key);
                    found(value);
                }
            }
        }
    }
}
