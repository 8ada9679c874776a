//! Commands whose arguments need more than a row of the catalogue. Facts about each are beside it.

pub(super) mod archives;
pub(super) mod builtins;
pub(super) mod copying;
pub(super) mod editing;
pub(super) mod git;
pub(super) mod patch;
pub(super) mod prefixes;
pub(super) mod searching;
pub(super) mod tools;
