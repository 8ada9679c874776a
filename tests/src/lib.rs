//! What the end-to-end tests stand on: the real agents in a cage.
//!
//! * [`agent`]: the pinned agents, and how a home of theirs is furnished; [`npm`] installs them.
//! * [`cage`]: runs an agent where it reaches nothing but [`mock`], and ends whatever it leaves behind.
//! * [`world`]: a directory of the test's own with a home, a repository and another directory.
//! * [`harness`]: the list of tests.

// The cage is made of Linux namespaces; elsewhere there is nothing to test with.
#![cfg(target_os = "linux")]

pub mod agent;
pub mod cage;
pub mod harness;
pub mod mock;
pub mod npm;
pub mod wait;
pub mod world;
