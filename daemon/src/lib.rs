//! `trackwayd`: notices and records the launches of AI coding agents.
#![allow(dead_code, reason = "scaffolding")]

mod agents;
mod enrich;
mod event;
mod store;
