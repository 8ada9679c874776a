//! The ledger as a whole.

mod evidence;
#[cfg(unix)]
mod files;
mod findings;
mod lasting;
mod places;
mod projections;
mod queries;
mod report;
mod sessions;
mod streams;
pub(super) mod support;
mod upgrades;
mod zones;
