//! The list of tests. libtest cannot make one test per version of an agent, and calls a test that
//! could not run a success.
//!
//! A test that needs what this machine lacks is *ignored*, and the last line of the run says so. In
//! CI nothing is ignored: there such a test fails.

use std::any::type_name;
use std::env;
use std::io::Write as _;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::agent::Agent;
use crate::npm;

/// The programs without which no real agent can be had.
const FOR_AGENTS: [&str; 2] = ["npm", "node"];

/// Tests to run, each named for the function that it is.
#[derive(Default)]
pub struct Tests {
    trials: Vec<Trial>,
    missing: Vec<&'static str>,
}

impl Tests {
    /// Adds a test that needs nothing but our own programs.
    pub fn add<F: Fn() + Send + 'static>(&mut self, test: F) {
        self.add_needing(&[], test);
    }

    /// Adds a test that needs these programs on the `PATH` as well.
    pub fn add_needing<F: Fn() + Send + 'static>(&mut self, programs: &[&'static str], test: F) {
        self.push(name::<F>().to_owned(), programs, test);
    }

    /// Adds a test that runs real agents.
    pub fn add_with_agents<F: Fn() + Send + 'static>(&mut self, test: F) {
        self.add_needing(&FOR_AGENTS, test);
    }

    /// Adds a test for each of `agents`.
    pub fn each<F>(&mut self, agents: impl IntoIterator<Item = Agent>, test: F)
    where
        F: Fn(Agent) + Copy + Send + 'static,
    {
        for agent in agents {
            self.push(format!("{}::{agent}", name::<F>()), &FOR_AGENTS, move || test(agent));
        }
    }

    fn push(&mut self, name: String, needed: &[&'static str], test: impl Fn() + Send + 'static) {
        let missing: Vec<_> =
            needed.iter().filter(|program| npm::find(program).is_none()).collect();
        let ignored = !missing.is_empty() && env::var_os("CI").is_none();
        if ignored {
            self.missing.extend(missing);
        }
        let run = move || {
            test();
            Ok(())
        };
        self.trials.push(Trial::test(name, run).with_ignored_flag(ignored));
    }

    /// Runs what the command line asks for.
    #[must_use]
    pub fn run(mut self) -> ExitCode {
        let arguments = Arguments::from_args();
        let ignored = self.trials.iter().filter(|trial| trial.has_ignored_flag()).count();
        let conclusion = libtest_mimic::run(&arguments, self.trials);
        self.missing.sort_unstable();
        self.missing.dedup();
        if ignored > 0 && !arguments.list {
            let missing = self.missing.join(", ");
            let line = format!("SKIPPED: {ignored} tests, because these are missing: {missing}\n");
            std::io::stderr().write_all(line.as_bytes()).ok();
        }
        conclusion.exit_code()
    }
}

/// The path of a function, without its crate.
fn name<F>() -> &'static str {
    let name = type_name::<F>();
    name.split_once("::").map_or(name, |(_, name)| name)
}
