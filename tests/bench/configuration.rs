//! What it costs to watch the configuration of many projects while ordinary files change beside it,
//! and how much of what matters is told, beside `inotifywait`, which tells every change.
//!
//! All files are written where the daemon looks, in the projects' own directories, and each in another
//! one than the one before: what lies deeper would cost it nothing. How fast they can be written is
//! mostly up to the file system. `inotifywait -r` often misses what is written at once in a directory
//! that is new.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use trackway_protocol::ids::Timestamp;

use crate::Effort;
use crate::numbers::quantile;
use crate::process;
use crate::trackway::{Daemon, Home};

const PROJECTS: usize = 5000;
const CHANGES: usize = 50_000;
/// Of so many changes one matters.
const ONE_OF: usize = 250;
/// Source files of a project: in the course of the changes each is made and written over.
const SOURCES: usize = 5;
/// Sessions that tell of the projects.
const SESSIONS: usize = 50;
/// How long anything may take that nothing is said about.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long after the last change there may still be something to do.
const SETTLE: Duration = Duration::from_secs(1);

/// What matters, and what is written there; `{}` is a number.
const MATTERS: [(&str, &str); 3] = [
    (".claude/settings.json", "{\"permissions\": {\"allow\": [\"Bash(make part-{})\"]}}\n"),
    (".mcp.json", "{\"mcpServers\": {\"part-{}\": {\"command\": \"part-{}\"}}}\n"),
    (".codex/config.toml", "model = \"gpt-5.6\"\n[mcp_servers.part-{}]\ncommand = \"part-{}\"\n"),
];

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let home = Home::new()?;
    let projects = projects(&home)?;
    tell_of(&home, &projects)?;
    let matter = CHANGES / ONE_OF;
    writeln!(
        out,
        "configuration of {PROJECTS} projects: {CHANGES} changes, of which {matter} matter"
    )?;
    let begin = Instant::now();
    let daemon = Daemon::start(&home)?;
    let (told, follower) = follow(&daemon, &home)?;
    let instructions: HashSet<PathBuf> = projects.iter().map(|dir| dir.join("CLAUDE.md")).collect();
    let known = await_all(&told, &instructions, Instant::now() + PATIENCE).arrived.len();
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), process::seconds(daemon.pid())?);
    writeln!(
        out,
        "{known} of them looked at {seconds:.1} s after the daemon's start, {cpu:.2} s of CPU"
    )?;
    let before = gaps(&daemon)?.iter().filter_map(|gap| gap["seq"].as_u64()).max();
    let peer = Peer::start(&home)?;
    writeln!(
        out,
        "{:<12} {:>9} {:>5} {:>8} {:>9} {:>9} {:>8} {:>9} {:>12} {:>19}",
        "",
        "changes/s",
        "told",
        "records",
        "p50",
        "last",
        "CPU",
        "of a core",
        "per 1,000",
        "resident"
    )?;
    for (number, rate) in effort.of(&[None][..], &[None, Some(1000)]).iter().enumerate() {
        Storm { number, rate: *rate }.measure(&projects, (&daemon, &told), &peer, out)?;
    }
    if peer.0.is_none() {
        writeln!(out, "inotifywait  not installed")?;
    }
    for gap in gaps(&daemon)?.iter().filter(|gap| gap["seq"].as_u64() > before) {
        let word = |name: &str| gap[name].as_str().unwrap_or("?").to_owned();
        writeln!(out, "gap, {}: {}", word("state"), word("reason"))?;
    }
    drop(peer);
    // Whoever follows waits for a record: there it notices that nobody listens any more.
    drop(told);
    fs::write(projects[0].join("CLAUDE.md"), "Be briefer.\n")?;
    let deadline = Instant::now() + PATIENCE;
    while !follower.is_finished() {
        ensure!(Instant::now() < deadline, "a last change is not told");
        thread::sleep(Duration::from_millis(50));
    }
    let idle = Duration::from_secs(effort.of(10, 30));
    let before = process::seconds(daemon.pid())?;
    thread::sleep(idle);
    let ticks = (process::seconds(daemon.pid())? - before) * 100.0;
    writeln!(out, "idle: {ticks:.0} ticks of 10 ms in {} s", idle.as_secs())?;
    Ok(())
}

/// Returns what the daemon says that it may have missed of the agents' configuration.
fn gaps(daemon: &Daemon<'_>) -> Result<Vec<Value>> {
    let mut gaps = daemon.ask("gaps")?;
    gaps.retain(|gap| gap["source"] == "configuration");
    Ok(gaps)
}

fn below(home: &Home) -> PathBuf {
    home.path("src")
}

/// Makes the projects, all alike.
fn projects(home: &Home) -> Result<Vec<PathBuf>> {
    let name = |number| below(home).join(format!("team-{}/project-{number}", number % 50));
    let projects: Vec<PathBuf> = (0..PROJECTS).map(name).collect();
    for project in &projects {
        fs::create_dir_all(project)?;
    }
    Ok(projects)
}

/// Has a daemon learn from session files that agents worked in the projects, and ends it. What it
/// has not seen then is a file in each, by which the next one shows that it has been there.
fn tell_of(home: &Home, projects: &[PathBuf]) -> Result<()> {
    let dir = home.path(".claude/projects/x");
    fs::create_dir_all(&dir)?;
    for (number, projects) in projects.chunks(PROJECTS.div_ceil(SESSIONS)).enumerate() {
        let id = format!("{number:08x}-0000-4000-8000-000000000000");
        let (mut text, time) = (String::new(), Timestamp::now());
        for (line, project) in projects.iter().enumerate() {
            writeln!(
                text,
                "{{\"parentUuid\":null,\"isSidechain\":false,\"message\":{{\"role\":\"user\",\
                 \"content\":\"Look\"}},\"type\":\"user\",\"uuid\":\"{number:08x}-0000-4000-8000-\
                 {line:012x}\",\"timestamp\":\"{time}\",\"userType\":\"external\",\"cwd\":\"{}\",\
                 \"sessionId\":\"{id}\",\"version\":\"2.1.330\"}}",
                project.display()
            )?;
        }
        fs::write(dir.join(format!("{id}.jsonl")), text)?;
    }
    let daemon = Daemon::start(home)?;
    let deadline = Instant::now() + PATIENCE;
    while daemon.ask("status")?.pop().context("status prints a row")?["backfill"]["state"] != "done"
    {
        ensure!(Instant::now() < deadline, "the session files are not read");
        thread::sleep(Duration::from_millis(100));
    }
    drop(daemon);
    for project in projects {
        fs::write(project.join("CLAUDE.md"), "Be brief.\n")?;
    }
    Ok(())
}

/// A file of which a record came, and when.
type Arrival = (PathBuf, Instant);

/// Follows the records of configuration below the projects for as long as somebody listens.
fn follow(daemon: &Daemon<'_>, home: &Home) -> Result<(Receiver<Arrival>, JoinHandle<()>)> {
    let (below, mut tail) = (below(home), daemon.tail()?);
    let (sender, told) = mpsc::channel();
    let follower = thread::spawn(move || {
        while let Ok(record) = tail.find(|record| record["kind"] == "config.changed") {
            let path = PathBuf::from(record["body"]["path"].as_str().unwrap_or_default());
            if path.starts_with(&below) && sender.send((path, Instant::now())).is_err() {
                break;
            }
        }
    });
    Ok((told, follower))
}

/// What came of what was awaited.
#[derive(Default)]
struct Arrivals {
    records: usize,
    arrived: HashMap<PathBuf, Instant>,
}

/// Waits until there is a record of each file, or the time is over.
fn await_all(told: &Receiver<Arrival>, files: &HashSet<PathBuf>, deadline: Instant) -> Arrivals {
    let mut arrivals = Arrivals::default();
    while arrivals.arrived.len() < files.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok((path, at)) = told.recv_timeout(left) else { break };
        if files.contains(&path) {
            arrivals.records += 1;
            arrivals.arrived.entry(path).or_insert(at);
        }
    }
    arrivals
}

/// Many changes, one after another.
#[derive(Clone, Copy)]
struct Storm {
    number: usize,
    /// Changes per second; as many as there can be where none is given.
    rate: Option<u32>,
}

impl Storm {
    fn measure(
        self,
        projects: &[PathBuf],
        (daemon, told): (&Daemon<'_>, &Receiver<Arrival>),
        peer: &Peer,
        out: &mut dyn Write,
    ) -> Result<()> {
        let pids: Vec<u32> = [Some(daemon.pid()), peer.pid()].into_iter().flatten().collect();
        let state = || -> Result<Vec<[f64; 2]>> {
            let usages = process::watch(&pids, Duration::ZERO)?.into_iter();
            let both = usages.zip(&pids);
            both.map(|(usage, pid)| Ok([process::seconds(*pid)?, usage.resident])).collect()
        };
        let (before, begin) = (state()?, Instant::now());
        let written = self.write(projects)?;
        let took = begin.elapsed();
        let files: HashSet<PathBuf> = written.keys().cloned().collect();
        let mut arrivals = await_all(told, &files, Instant::now() + PATIENCE);
        thread::sleep(SETTLE);
        // What is told twice comes last.
        arrivals.records += told.try_iter().filter(|(path, _)| files.contains(path)).count();
        let after = state()?;
        let delay = |(path, at): (&PathBuf, &Instant)| {
            at.saturating_duration_since(written[path]).as_secs_f64() * 1000.0
        };
        let delays: Vec<f64> = arrivals.arrived.iter().map(delay).collect();
        let last = arrivals.arrived.values().max().copied().unwrap_or(begin);
        let window = last.duration_since(begin).max(took).as_secs_f64();
        let last = written.values().max().map(|at| last.saturating_duration_since(*at));
        let last = last.unwrap_or_default().as_secs_f64() * 1000.0;
        let used = before.iter().zip(&after).enumerate();
        for (program, ([cpu_before, resident_before], [cpu, resident])) in used {
            let cpu = cpu - cpu_before;
            let columns = match program {
                0 => format!(
                    "{:<12} {:>9.0} {:>5} {:>8} {:>6.0} ms {last:>6.0} ms",
                    "trackwayd",
                    CHANGES as f64 / took.as_secs_f64(),
                    arrivals.arrived.len(),
                    arrivals.records,
                    quantile(&delays, 0.5)
                ),
                _ => format!(
                    "{:<12} {:>9} {:>5} {:>8} {:>9} {:>9}",
                    "inotifywait",
                    "",
                    peer.told(&files)?,
                    "",
                    "",
                    ""
                ),
            };
            writeln!(
                out,
                "{columns} {cpu:>6.2} s {:>7.2} % {:>9.2} ms \
                 {resident_before:>5.1} → {resident:>5.1} MiB",
                cpu / window * 100.0,
                cpu * 1000.0 / CHANGES as f64 * 1000.0,
            )?;
        }
        Ok(())
    }

    /// Makes the changes; returns when each of the files that matter was written.
    fn write(self, projects: &[PathBuf]) -> Result<HashMap<PathBuf, Instant>> {
        let (mut written, begin) = (HashMap::new(), Instant::now());
        let apart = PROJECTS / (CHANGES / ONE_OF);
        for change in 0..CHANGES {
            if let Some(rate) = self.rate {
                let due = Duration::from_secs(1) * u32::try_from(change)? / rate;
                thread::sleep(due.saturating_sub(begin.elapsed()));
            }
            if change % ONE_OF == ONE_OF / 2 {
                let number = change / ONE_OF;
                let project = &projects[(number * apart + self.number) % PROJECTS];
                let (name, text) = MATTERS[number % MATTERS.len()];
                let path = project.join(name);
                fs::create_dir_all(path.parent().unwrap_or(project))?;
                fs::write(&path, text.replace("{}", &change.to_string()))?;
                written.insert(path, Instant::now());
            } else {
                let source = change / PROJECTS % SOURCES;
                let path = projects[change % PROJECTS].join(format!("part{source}.rs"));
                fs::write(path, format!("fn part() -> u32 {{\n    {change}\n}}\n"))?;
            }
        }
        Ok(written)
    }
}

/// A running `inotifywait`, where it is installed, and what it prints. Ended when dropped.
struct Peer(Option<Child>, PathBuf);

impl Peer {
    /// Starts it, and waits until it watches.
    fn start(home: &Home) -> Result<Self> {
        let [told, log] = ["peer.out", "peer.log"].map(|name| home.path(name));
        let started = Command::new("inotifywait")
            .args(["-m", "-r", "--format", "%w%f"])
            // Only what the daemon asks for as well.
            .args(["-e", "create,close_write,attrib,moved_from,moved_to,delete"])
            .arg(below(home))
            .stdin(Stdio::null())
            .stdout(File::create(&told)?)
            .stderr(File::create(&log)?)
            .spawn();
        let mut peer = Self(started.ok(), told);
        let deadline = Instant::now() + PATIENCE;
        while let Some(child) = &mut peer.0 {
            let said = fs::read_to_string(&log)?;
            if said.contains("Watches established") {
                break;
            }
            if child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("inotifywait does not watch: {said}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(peer)
    }

    fn pid(&self) -> Option<u32> {
        self.0.as_ref().map(Child::id)
    }

    /// Returns how many of the files it told of.
    fn told(&self, files: &HashSet<PathBuf>) -> Result<usize> {
        let text = fs::read_to_string(&self.1)?;
        let told: HashSet<&Path> = text.lines().map(Path::new).collect();
        Ok(files.iter().filter(|file| told.contains(file.as_path())).count())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
