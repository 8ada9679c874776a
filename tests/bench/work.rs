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
use crate::numbers::quantile;
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
    let pairs = effort.of(2, 20);
    writeln!(out, "wall time with the daemon, relative to without: {pairs} pairs in alternation")?;
    writeln!(out, "{:<14} {:>9} {:>9} {:>9}", "", "fastest", "quartile", "median")?;
    for (name, script) in [("make -j4", "make -s clean && make -s -j4"), ("scripted loop", LOOP)] {
        // Once for the caches.
        time(&project, script)?;
        compare(&home, pairs, || Ok(vec![time(&project, script)?]))?.print(name, out)?;
    }
    compare(&home, pairs, short_programs)?.print("short programs", out)?;
    session()?;
    compare(&home, pairs, || Ok(vec![session()?]))?.print("claude session", out)
}

/// Seconds that the same work took.
#[derive(Default)]
struct Times {
    with: Vec<f64>,
    without: Vec<f64>,
}

impl Times {
    /// Whatever else the machine does makes work slower, never faster: the fast end tells most.
    fn print(&self, name: &str, out: &mut dyn Write) -> Result<()> {
        let percent = |q| (quantile(&self.with, q) / quantile(&self.without, q) - 1.0) * 100.0;
        let [fastest, quartile, middle] = [0.0, 0.25, 0.5].map(percent);
        writeln!(out, "{name:<14} {fastest:>+7.2} % {quartile:>+7.2} % {middle:>+7.2} %")?;
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
fn compare(home: &Home, pairs: u32, time: impl Fn() -> Result<Vec<f64>>) -> Result<Times> {
    let with = || {
        let daemon = Daemon::start(home)?;
        // Its start is not what is measured.
        thread::sleep(Duration::from_millis(500));
        let seconds = time();
        drop(daemon);
        seconds
    };
    let mut times = Times::default();
    for number in 0..pairs {
        // Whichever goes second may find a warmer machine.
        if number.is_multiple_of(2) {
            times.without.extend(time()?);
            times.with.extend(with()?);
        } else {
            times.with.extend(with()?);
            times.without.extend(time()?);
        }
    }
    Ok(times)
}

/// Starts the shortest of programs, one after another: the most that the daemon can cost.
fn short_programs() -> Result<Vec<f64>> {
    let start = |_| {
        let begin = Instant::now();
        ensure!(Command::new("/bin/true").status()?.success(), "a program failed");
        Ok(begin.elapsed().as_secs_f64())
    };
    (0..500).map(start).collect()
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
