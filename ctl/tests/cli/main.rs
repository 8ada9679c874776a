//! The real program against a daemon that is not: what it asks, what it prints, how it ends.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod absence;
mod asked;
mod broken;
mod config;
mod doctor;
mod fake;
mod glance;
mod newcomer;
mod places;
mod printed;
mod report;
mod sessions;
mod streams;
mod zones;
