//! The ledger as a whole.

#[cfg(unix)]
mod files;
mod projections;
mod queries;
pub(super) mod support;
