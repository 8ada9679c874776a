//! Facts that can be derived from what a source read.

pub(crate) mod launcher;
pub(crate) mod normal;
pub(crate) mod offload;
pub(crate) mod redact;
pub(crate) mod repo;
