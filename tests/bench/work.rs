//! Whether a person notices: the time that ordinary work takes, with the daemon and without.

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
use crate::numbers::{median, median_range, quantile};
use crate::process;
use crate::trackway::{Daemon, Home};

/// Files of the C project.
const FILES: usize = 60;

/// What an agent's shell calls look like: many short programs, one after another.
const LOOP: &str = "i=0; while [ $i -lt 150 ]; do
    sed -n 1,5p file0.c; grep -c return file1.c; (cd /tmp && ls -d .); cat file2.c | head -n 3
    i=$((i + 1)); done";

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let home = Home::new()?;
    let project = home.project();
    write_project(&project)?;
    let pairs = effort.of(4, 60);
    writeln!(out, "wall time with the daemon, relative to without: {pairs} pairs in alternation")?;
    let [range, own] = ["95 % range of the median", "daemon's CPU"];
    writeln!(out, "{:<14} {:>9} {range:>24} {:>9} {own:>13}", "", "median", "fastest")?;
    for (name, script) in [("make -j4", "make -s clean && make -s -j4"), ("scripted loop", LOOP)] {
        // Once for the caches.
        time(&project, script)?;
        compare(&home, pairs, || time(&project, script))?.print(name, out)?;
    }
    compare(&home, pairs, short_programs)?.print("short programs", out)?;
    session()?;
    compare(&home, pairs / 2, session)?.print("claude session", out)
}

/// Seconds that the same work took, one by one.
#[derive(Default)]
struct Times {
    with: Vec<f64>,
    without: Vec<f64>,
    /// Seconds that the daemon was on a core meanwhile.
    daemon: f64,
}

impl Times {
    /// Of each pair the ratio counts: what the machine does besides changes more slowly than that.
    fn print(&self, name: &str, out: &mut dyn Write) -> Result<()> {
        let percent = |ratio: f64| (ratio - 1.0) * 100.0;
        let pairs = self.with.iter().zip(&self.without);
        let ratios: Vec<f64> = pairs.map(|(with, without)| percent(with / without)).collect();
        let [low, high] = median_range(&ratios);
        let fastest = percent(quantile(&self.with, 0.0) / quantile(&self.without, 0.0));
        let own = self.daemon / self.with.iter().sum::<f64>() * 100.0;
        let range = format!("{low:+.2} … {high:+.2} %");
        let median = median(&ratios);
        writeln!(out, "{name:<14} {median:>+7.2} % {range:>24} {fastest:>+7.2} % {own:>11.2} %")?;
        Ok(())
    }
}

/// Has the real claude play a script of shell calls and reads in its cage; returns its seconds.
fn session() -> Result<f64> {
    let world = World::new();
    let mut scenario = Scenario::new(CLAUDE).print("Do what the script says");
    for _ in 0..5 {
        scenario = scenario.turn(bash("cat a.txt && ls && (cd {other} && ls)"));
        scenario = scenario.turn(read("{repo}/a.txt"));
    }
    let plan = scenario.plan(&world, &agent::environment(&world, &[CLAUDE]));
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
        times.with.push(time()?);
        times.daemon += process::seconds(daemon.pid())? - before;
        Ok(())
    };
    for number in 0..pairs {
        // Whichever goes second may find a warmer machine.
        if number.is_multiple_of(2) {
            times.without.push(time()?);
            with(&mut times)?;
        } else {
            with(&mut times)?;
            times.without.push(time()?);
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
