//! What the end-to-end tests stand on: the real agents in a cage, and the daemon that watches them.
//!
//! A test is a [`scenario::Scenario`]: which agent, how it is started, what the mock of its API
//! makes it do. Running it gives what `trackwayctl` says about it, to make claims about.
//!
//! * [`agent`]: the pinned agents, and how a home of theirs is furnished; [`npm`] installs them.
//! * [`cage`]: runs an agent where it reaches nothing but [`mock`], and ends whatever it leaves behind.
//! * [`world`]: a directory of the test's own with a home, a repository and another directory.
//! * [`daemon`]: `trackwayd` and `trackwayctl` as a person would run them.
//! * [`transcript`]: a session file without an agent.
//! * [`watch`]: a world and a daemon together; [`harness`]: the list of tests.
//!
//! Whatever goes wrong here panics and says all that is known: a test has no other use for it.
//!
//! # Parallel tests
//!
//! Tests run in parallel under one uid, beside other daemons and agents. Every claim is therefore
//! about what lies below the test's own [`world::World`], and processes are ended by pid.

// The cage is made of Linux namespaces; elsewhere there is nothing to test with.
#![cfg(target_os = "linux")]

pub mod agent;
pub mod cage;
pub mod daemon;
pub mod harness;
pub mod mock;
pub mod npm;
pub mod scenario;
pub mod transcript;
pub mod wait;
pub mod watch;
pub mod world;
