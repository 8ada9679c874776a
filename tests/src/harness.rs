//! The list of tests. libtest cannot make one test per version of an agent, and calls a test that
//! could not run a success.
//!
//! A test that needs what this machine lacks is *ignored*, and the last line of the run says so. In
//! CI nothing is ignored: there such a test fails.
//!
//! Tests run side by side, but for those that need the machine for themselves: they wait until no
//! other runs, in this process or in one beside it.

use std::any::type_name;
use std::env;
use std::fs::File;
use std::io::{self, Write as _};
use std::panic;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::LazyLock;

use libtest_mimic::{Arguments, Trial};

use crate::agent::Agent;
use crate::{npm, world};

/// The programs without which no real agent can be had.
const FOR_AGENTS: [&str; 2] = ["npm", "node"];

/// Tests to run, each named for the function that it is.
#[derive(Default)]
pub struct Tests {
    trials: Vec<Trial>,
    missing: Vec<&'static str>,
    /// Tests that were not added, because this user may not mount.
    not_listed: usize,
}

impl Tests {
    /// Adds a test that needs nothing but our own programs.
    pub fn add<F: Fn() + Send + 'static>(&mut self, test: F) {
        self.add_needing(&[], test);
    }

    /// Adds a test that needs these programs on the `PATH` as well.
    pub fn add_needing<F: Fn() + Send + 'static>(&mut self, programs: &[&'static str], test: F) {
        self.push(name::<F>().to_owned(), programs, Company::Others, test);
    }

    /// Adds a test that runs real agents.
    pub fn add_with_agents<F: Fn() + Send + 'static>(&mut self, test: F) {
        self.add_needing(&FOR_AGENTS, test);
    }

    /// Adds a test that runs alone. Such tests come last: while one waits, its thread is idle.
    pub fn add_alone<F: Fn() + Send + 'static>(&mut self, test: F) {
        self.push(name::<F>().to_owned(), &[], Company::None, test);
    }

    /// Adds a test that mounts file systems, and needs these programs on the `PATH`. Who may not mount,
    /// an ordinary user say, does not have it; the last line of the run says so.
    pub fn add_mounting<F: Fn() + Send + 'static>(&mut self, programs: &[&'static str], test: F) {
        if may_mount() {
            self.add_needing(programs, test);
        } else {
            self.not_listed += 1;
        }
    }

    /// Adds a test that becomes other users. Where this one cannot, it is ignored, in CI as well: that
    /// runs all tests as root first.
    pub fn add_as_root<F: Fn() + Send + 'static>(&mut self, test: F) {
        self.add(test);
        if !rustix::process::geteuid().is_root()
            && let Some(trial) = self.trials.pop()
        {
            self.trials.push(trial.with_ignored_flag(true));
            self.missing.push("root's rights");
        }
    }

    /// Adds a test for each of `agents`.
    pub fn each<F>(&mut self, agents: impl IntoIterator<Item = Agent>, test: F)
    where
        F: Fn(Agent) + Copy + Send + 'static,
    {
        for agent in agents {
            let name = format!("{}::{agent}", name::<F>());
            self.push(name, &FOR_AGENTS, Company::Others, move || test(agent));
        }
    }

    fn push(
        &mut self,
        name: String,
        needed: &[&'static str],
        company: Company,
        test: impl Fn() + Send + 'static,
    ) {
        let is_missing = |program: &&str| npm::find(program).is_none();
        let missing: Vec<_> = needed.iter().copied().filter(is_missing).collect();
        let ignored = !missing.is_empty() && env::var_os("CI").is_none();
        self.missing.extend(&missing);
        let run = move || {
            assert!(missing.is_empty(), "this test needs {missing:?} on the PATH");
            let place = company.take_place();
            test();
            drop(place);
            Ok(())
        };
        self.trials.push(Trial::test(name, run).with_ignored_flag(ignored));
    }

    /// Runs what the command line asks for.
    #[must_use]
    pub fn run(mut self) -> ExitCode {
        panic::set_hook(Box::new(|info| {
            // The message comes with the test's result, and is long.
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            say(&format!("panicked at {place}"));
        }));
        let conclusion = libtest_mimic::run(&Arguments::from_args(), self.trials);
        let ignored = conclusion.num_ignored;
        if ignored > 0 {
            self.missing.sort_unstable();
            self.missing.dedup();
            let missing = self.missing.join(", ");
            say(&format!("SKIPPED: {ignored} tests, because these are missing: {missing}"));
        }
        if self.not_listed > 0 {
            let count = self.not_listed;
            say(&format!("NOT LISTED: {count} tests, because they need root and loop devices"));
        }
        conclusion.exit_code()
    }
}

/// Who may run beside a test.
#[derive(Clone, Copy)]
enum Company {
    Others,
    None,
}

impl Company {
    /// Waits for the test's turn. It is over when the file is closed.
    fn take_place(self) -> File {
        let file = File::create(world::target().join("e2e.lock")).expect("target is ours");
        match self {
            Self::Others => file.lock_shared(),
            Self::None => file.lock(),
        }
        .expect("a lock can be waited for");
        file
    }
}

/// Whether this user may mount images in a namespace of their own.
fn may_mount() -> bool {
    static MAY: LazyLock<bool> = LazyLock::new(|| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "true"]).stdin(Stdio::null()).stderr(Stdio::null());
        rustix::process::geteuid().is_root()
            && Path::new("/dev/loop-control").exists()
            && unshare.status().is_ok_and(|status| status.success())
    });
    *MAY
}

fn say(line: &str) {
    io::stderr().write_all(format!("{line}\n").as_bytes()).ok();
}

/// The path of a function, without its crate.
fn name<F>() -> &'static str {
    let name = type_name::<F>();
    name.split_once("::").map_or(name, |(_, name)| name)
}
