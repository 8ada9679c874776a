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
use crate::numbers::{median, quantile};
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
    let pairs = effort.of(2, 12);
    writeln!(out, "wall time with the daemon, relative to without: {pairs} pairs in alternation")?;
    for (name, script) in [("make -j4", "make -s clean && make -s -j4"), ("scripted loop", LOOP)] {
        // Once for the caches.
        time(&project, script)?;
        let ratios = compare(&home, pairs, || time(&project, script))?;
        print(name, &ratios, out)?;
    }
    session()?;
    print("claude session", &compare(&home, pairs, session)?, out)
}

fn print(name: &str, ratios: &[f64], out: &mut dyn Write) -> Result<()> {
    let [low, middle, high] = [quantile(ratios, 0.25), median(ratios), quantile(ratios, 0.75)];
    let percent = |ratio: f64| (ratio - 1.0) * 100.0;
    writeln!(
        out,
        "{name:<14} median {:+.2} %, quartiles {:+.2} % and {:+.2} %",
        percent(middle),
        percent(low),
        percent(high),
    )?;
    Ok(())
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

/// Returns the ratio of the times with and without the daemon, pair by pair.
fn compare(home: &Home, pairs: u32, time: impl Fn() -> Result<f64>) -> Result<Vec<f64>> {
    let with = || {
        let daemon = Daemon::start(home)?;
        // Its start is not what is measured.
        thread::sleep(Duration::from_millis(500));
        let seconds = time();
        drop(daemon);
        seconds
    };
    let pair = |number: u32| {
        // Whichever goes second may find a warmer machine.
        if number.is_multiple_of(2) {
            let without = time()?;
            Ok(with()? / without)
        } else {
            Ok(with()? / time()?)
        }
    };
    (0..pairs).map(pair).collect()
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
