//! Directories in which something may appear, and to whom that matters.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::rc::Rc;

use crate::agents::layout;
use crate::source::sessions::watch::Watch;

/// A directory in which something may appear.
#[derive(Debug, Default)]
pub(super) struct Dir {
    /// None where it cannot be watched.
    pub(super) watch: Option<Watch>,
    /// The places for which it is watched, and the names that matter to each.
    pub(super) waiting: Vec<(usize, Rc<Names>)>,
}

/// Names, and patterns of such. Most directories share the same ones.
#[derive(Debug, Default)]
pub(super) struct Names {
    exact: HashSet<Cow<'static, str>>,
    patterns: Vec<Cow<'static, str>>,
}

impl Names {
    pub(super) fn of(names: Vec<Cow<'static, str>>) -> Self {
        let (patterns, exact): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| name.contains('*'));
        Self { exact: exact.into_iter().collect(), patterns }
    }

    fn has(&self, name: &OsStr) -> bool {
        let is_exact = name.to_str().is_some_and(|name| self.exact.contains(name));
        let bytes = name.as_encoded_bytes();
        is_exact || self.patterns.iter().any(|pattern| layout::fits(pattern, bytes))
    }
}

impl Dir {
    pub(super) fn remove(&mut self, place: usize) {
        self.waiting.retain(|(waiting, _)| *waiting != place);
    }

    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.waiting.iter().map(|(place, _)| *place)
    }

    /// The places to which a name matters.
    pub(super) fn met(&self, name: &OsStr) -> impl Iterator<Item = usize> {
        let met = self.waiting.iter().filter(move |(_, names)| names.has(name));
        met.map(|(place, _)| *place)
    }
}
