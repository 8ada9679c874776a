//! The ledger as a whole.

#[cfg(unix)]
mod files;
mod places;
mod projections;
mod queries;
mod sessions;
mod streams;
pub(super) mod support;
