//! The ledger as a whole.

#[cfg(unix)]
mod files;
mod places;
mod projections;
mod queries;
pub(super) mod support;
