//! A daemon on a ledger that was made for it, and what is asked of it or of the file.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Returns a program of the same build as this one.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_spawner")).with_file_name(name);
    ensure!(program.exists(), "{} is missing: cargo build --release", program.display());
    Ok(program)
}

/// A running daemon. Ended when dropped.
pub(crate) struct Station {
    child: Child,
    state_dir: PathBuf,
    /// For what must not be the user's own: home, configuration, socket.
    home: TempDir,
}

/// What a program did with much output.
pub(crate) struct Flood {
    pub(crate) seconds: f64,
    pub(crate) lines: u64,
    /// Most of its memory that was ever resident, in MiB.
    pub(crate) peak: f64,
}

impl Station {
    /// Starts a daemon on a ledger and waits until it answers.
    pub(crate) fn start(state_dir: &Path) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let mut command = Command::new(program("trackwayd")?);
        environment(&mut command, state_dir, home.path());
        let log = fs::File::create(home.path().join("log"))?;
        let child = command.arg("run").stdout(Stdio::null()).stderr(log).spawn()?;
        let mut station = Self { child, state_dir: state_dir.to_owned(), home };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !station.ctl(&["status"])?.output()?.status.success() {
            if station.child.try_wait()?.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(station.home.path().join("log"))?;
                bail!("trackwayd does not start: {log}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(station)
    }

    /// Prepares `trackwayctl` with these arguments.
    pub(crate) fn ctl(&self, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(program("trackwayctl")?);
        environment(&mut command, &self.state_dir, self.home.path());
        command.args(args).stdin(Stdio::null());
        Ok(command)
    }

    /// Returns the most memory of the daemon that was ever resident, in MiB.
    pub(crate) fn peak(&self) -> Result<f64> {
        peak(self.child.id()).context("the daemon has no memory")
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // Where it has ended already there is nothing to end.
            kill_process(pid, Signal::TERM).ok();
        }
        self.child.wait().ok();
    }
}

/// Times whole processes, each from its start to its end, in milliseconds.
pub(crate) fn times(runs: u32, command: impl Fn() -> Result<Command>) -> Result<Vec<f64>> {
    let time = |_| {
        let mut command = command()?;
        let begin = Instant::now();
        let output = command.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(begin.elapsed().as_secs_f64() * 1000.0)
    };
    (0..runs).map(time).collect()
}

/// Reads all that a program prints.
pub(crate) fn flood(mut command: Command) -> Result<Flood> {
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut stdout = child.stdout.take().context("stdout is piped")?;
    let (mut buffer, mut lines, mut reads, mut highest) = (vec![0; 1 << 20], 0, 0_u64, 0.0_f64);
    loop {
        let read = stdout.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
        reads += 1;
        if reads.is_multiple_of(256) || reads < 16 {
            highest = highest.max(peak(child.id()).unwrap_or_default());
        }
    }
    ensure!(child.wait()?.success(), "a program failed");
    Ok(Flood { seconds: begin.elapsed().as_secs_f64(), lines, peak: highest })
}

fn environment(command: &mut Command, state_dir: &Path, home: &Path) {
    command
        .env("HOME", home)
        .env("TRACKWAY_CONFIG", home.join("config.toml"))
        .env("TRACKWAY_STATE_DIR", state_dir)
        .env("TRACKWAY_SOCKET", home.join("run/s"));
}

fn peak(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}
