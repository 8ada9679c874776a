//! Whether a person notices: the time that ordinary work takes, with the daemon and without.
//!
//! A number sets how many pairs are timed, a half and a tenth as many of the sessions, and a work's first
//! word that it alone is: `work make 300`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use trackway_tests::agent::{self, CLAUDE};
use trackway_tests::cage::Cage;
use trackway_tests::mock::script::{bash, read};
use trackway_tests::scenario::Scenario;
use trackway_tests::world::World;

use crate::Effort;
use crate::numbers::{median, median_range};
use crate::process;
use crate::trackway::{Daemon, Home};

/// Files of the C project.
const FILES: usize = 60;

/// What an agent's shell calls look like: many short programs, one after another.
const LOOP: &str = "i=0; while [ $i -lt 150 ]; do
    sed -n 1,5p file0.c; grep -c return file1.c; (cd /tmp && ls -d .); cat file2.c | head -n 3
    i=$((i + 1)); done";

/// A name, how many pairs are timed, and what takes so many seconds.
type Work<'a> = (&'a str, u32, &'a dyn Fn() -> Result<f64>);

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let home = Home::new()?;
    let project = home.project();
    write_project(&project)?;
    let args: Vec<String> = std::env::args().collect();
    let pairs: u32 = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(effort.of(4, 60));
    writeln!(out, "the work with the daemon, relative to without, in alternation")?;
    let [range, own] = ["95 % range of the median", "daemon's CPU"];
    let [wall, cpu] = ["wall time", "its own CPU time"];
    writeln!(out, "{:<14} pairs {wall:>9} {range:>24}   {cpu:>16} {range:>24} {own:>13}", "")?;
    let make = || time(&project, "make -s clean && make -s -j4");
    let scripted = || time(&project, LOOP);
    let world = World::new();
    let hasty = || session(&world, scenario());
    let session = || session(&world, scenario().unhurried());
    let works: [Work<'_>; 5] = [
        ("claude session", pairs.div_ceil(10), &session),
        ("hasty claude", pairs / 2, &hasty),
        ("make -j4", pairs, &make),
        ("scripted loop", pairs, &scripted),
        ("short programs", pairs, &short_programs),
    ];
    let is_asked = |name: &str| args.iter().any(|arg| name.split(' ').next() == Some(arg));
    let are_all = !works.iter().any(|(name, ..)| is_asked(name));
    for (name, pairs, work) in works {
        if are_all || is_asked(name) {
            // Once for the caches.
            work()?;
            compare(&home, pairs, work)?.print(name, out)?;
        }
    }
    Ok(())
}

/// What the same work took, one by one.
#[derive(Default)]
struct Times {
    with: Vec<Took>,
    without: Vec<Took>,
    /// Seconds that the daemon was on a core meanwhile.
    daemon: f64,
}

/// What one run of the work took, in seconds.
struct Took {
    wall: f64,
    /// On a core: what else the machine does disturbs it less.
    cpu: f64,
}

impl Times {
    /// Of each pair the ratio counts: what the machine does besides changes more slowly than that.
    fn print(&self, name: &str, out: &mut dyn Write) -> Result<()> {
        let [wall, wall_range] = self.compared(|took| took.wall);
        let [cpu, cpu_range] = self.compared(|took| took.cpu);
        let spent: f64 = self.with.iter().map(|took| took.wall).sum();
        let (own, pairs) = (self.daemon / spent * 100.0, self.with.len());
        writeln!(
            out,
            "{name:<14} {pairs:>5} {wall:>9} {wall_range:>24}   {cpu:>16} {cpu_range:>24} {own:>11.2} %"
        )?;
        Ok(())
    }

    /// Returns how much more it is with the daemon, and the range of that.
    fn compared(&self, of: impl Fn(&Took) -> f64) -> [String; 2] {
        let pairs = self.with.iter().zip(&self.without);
        let ratio = |(with, without)| (of(with) / of(without) - 1.0) * 100.0;
        let ratios: Vec<f64> = pairs.map(ratio).collect();
        let [low, high] = median_range(&ratios);
        [format!("{:+.2} %", median(&ratios)), format!("{low:+.2} … {high:+.2} %")]
    }
}

/// Does the work, and takes its times.
fn took(work: impl Fn() -> Result<f64>) -> Result<Took> {
    let before = process::seconds_of_children()?;
    let wall = work()?;
    Ok(Took { wall, cpu: process::seconds_of_children()? - before })
}

/// A script of shell calls and reads.
fn scenario() -> Scenario {
    (0..5).fold(Scenario::new(CLAUDE).print("Do what the script says"), |scenario, _| {
        let called = scenario.turn(bash("cat a.txt && ls && (cd {other} && ls)"));
        called.turn(read("{repo}/a.txt"))
    })
}

/// Has the real claude play a scenario in its cage; returns its seconds. A model that answers at once
/// makes it the most that the daemon can cost; one that takes a second for each answer is still a fast
/// one. The home is the same in all sessions, as a person's is.
fn session(world: &World, scenario: Scenario) -> Result<f64> {
    let plan = scenario.plan(world, &agent::environment(world, &[CLAUDE]));
    let begin = Instant::now();
    let departure = Cage::start(&plan).finish(&plan);
    let seconds = begin.elapsed().as_secs_f64();
    ensure!(departure.code == 0, "the session failed");
    Ok(seconds)
}

/// Takes the times with and without the daemon, in alternation.
fn compare(home: &Home, pairs: u32, time: impl Fn() -> Result<f64>) -> Result<Times> {
    let mut times = Times::default();
    let with = |times: &mut Times| -> Result<()> {
        let daemon = Daemon::start(home)?;
        // Its start is not what is measured.
        thread::sleep(Duration::from_millis(500));
        let before = process::seconds(daemon.pid())?;
        times.with.push(took(&time)?);
        times.daemon += process::seconds(daemon.pid())? - before;
        Ok(())
    };
    for number in 0..pairs {
        // Whichever goes second may find a warmer machine.
        if number.is_multiple_of(2) {
            times.without.push(took(&time)?);
            with(&mut times)?;
        } else {
            with(&mut times)?;
            times.without.push(took(&time)?);
        }
    }
    Ok(times)
}

/// Starts the shortest of programs, one after another: the most that the daemon can cost.
fn short_programs() -> Result<f64> {
    let begin = Instant::now();
    for _ in 0..500 {
        ensure!(Command::new("/bin/true").status()?.success(), "a program failed");
    }
    Ok(begin.elapsed().as_secs_f64())
}

/// Runs a shell script in a directory; returns its seconds.
fn time(dir: &Path, script: &str) -> Result<f64> {
    let begin = Instant::now();
    let mut command = Command::new("/bin/sh");
    command.args(["-ec", script]).current_dir(dir).stdout(Stdio::null());
    ensure!(command.status()?.success(), "the script failed");
    Ok(begin.elapsed().as_secs_f64())
}

fn write_project(dir: &Path) -> Result<()> {
    let objects: Vec<String> = (0..FILES).map(|number| format!("file{number}.o")).collect();
    let makefile = format!("all: {0}\nclean:\n\trm -f {0}\n", objects.join(" "));
    fs::write(dir.join("Makefile"), makefile)?;
    for number in 0..FILES {
        let mut code = String::from("#include <stdio.h>\n#include <string.h>\n");
        for function in 0..40 {
            writeln!(
                code,
                "int f{number}_{function}(int n) {{ char b[64]; snprintf(b, 64, \"%d\", n);\n\
                 for (int i = 0; i < n; i++) n ^= i * {function}; return n + (int)strlen(b); }}"
            )?;
        }
        fs::write(dir.join(format!("file{number}.c")), code)?;
    }
    Ok(())
}
