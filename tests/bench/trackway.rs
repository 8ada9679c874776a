//! A daemon with a home, a ledger and a socket of its own, and an agent that is none.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const SPAWNER: &str = env!("CARGO_BIN_EXE_spawner");

/// A home in which `claude` looks as its installer leaves it, and is the spawner.
pub(crate) struct Home {
    /// Canonical, as the kernel names what lies in it.
    root: PathBuf,
    _temp: TempDir,
}

impl Home {
    pub(crate) fn new() -> Result<Self> {
        let mut temp = tempfile::tempdir()?;
        temp.disable_cleanup(std::env::var_os("TRACKWAY_TEST_KEEP").is_some());
        let home = Self { root: fs::canonicalize(temp.path())?, _temp: temp };
        let program = home.program();
        for dir in [".local/share/claude/versions", ".local/bin", "project"] {
            fs::create_dir_all(home.path(dir))?;
        }
        fs::copy(SPAWNER, &program)?;
        std::os::unix::fs::symlink(program, home.agent())?;
        Ok(home)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Returns the agent's program.
    pub(crate) fn program(&self) -> PathBuf {
        self.path(".local/share/claude/versions/9.9.9")
    }

    /// Returns the path by which a person starts the agent.
    pub(crate) fn agent(&self) -> PathBuf {
        self.path(".local/bin/claude")
    }

    /// Returns the directory in which agents are started.
    pub(crate) fn project(&self) -> PathBuf {
        self.path("project")
    }

    /// Prepares a program of the same build, to run in this home.
    fn command(&self, program: &str) -> Result<Command> {
        let program = Path::new(SPAWNER).with_file_name(program);
        ensure!(program.exists(), "{} is missing: cargo build --release", program.display());
        let mut command = Command::new(program);
        command
            .env("HOME", &self.root)
            .env("TRACKWAY_CONFIG", self.path("config.toml"))
            .env("TRACKWAY_STATE_DIR", self.path("state"))
            .env("TRACKWAY_SOCKET", self.path("state/run/s"))
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Starts programs at a rate and waits for the last of them.
    pub(crate) fn spawn(&self, args: &[&str]) -> Result<Value> {
        let output = self.command("spawner")?.args(args).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Starts one agent that lives for a moment.
    pub(crate) fn launch(&self, milliseconds: u32) -> Result<Child> {
        let time = milliseconds.to_string();
        let mut command = Command::new(self.agent());
        command.args(["--stub-ms", &time]).env("HOME", &self.root);
        Ok(command.current_dir(self.project()).spawn()?)
    }
}

/// A running daemon. Ended when dropped.
pub(crate) struct Daemon<'a> {
    home: &'a Home,
    child: Child,
}

impl<'a> Daemon<'a> {
    /// Starts a daemon and waits until it answers. A ledger that is there is continued.
    pub(crate) fn start(home: &'a Home) -> Result<Self> {
        let mut daemon = Self::spawn(home)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while daemon.ask("status").is_err() {
            if daemon.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("trackwayd does not start: {}", fs::read_to_string(home.path("daemon.log"))?);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(daemon)
    }

    /// Starts a daemon and waits for nothing.
    pub(crate) fn spawn(home: &'a Home) -> Result<Self> {
        let log = fs::File::create(home.path("daemon.log"))?;
        let child =
            home.command("trackwayd")?.arg("run").stdout(Stdio::null()).stderr(log).spawn()?;
        Ok(Self { home, child })
    }

    /// Whether `trackwayctl` with these words has an answer now.
    pub(crate) fn answers(&self, words: &[&str]) -> Result<bool> {
        let output = self.home.command("trackwayctl")?.args(words).output()?;
        Ok(output.status.success())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns what `trackwayctl COMMAND --json` prints.
    pub(crate) fn ask(&self, command: &str) -> Result<Vec<Value>> {
        self.ask_of(&[command, "--json"])
    }

    /// The same with more words.
    pub(crate) fn ask_of(&self, words: &[&str]) -> Result<Vec<Value>> {
        let output = self.home.command("trackwayctl")?.args(words).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout)?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Returns the tier that launches are seen by.
    pub(crate) fn tier(&self) -> Result<String> {
        let status = self.ask("status")?;
        let sources = status.first().and_then(|row| row["sources"].as_array());
        let source = sources.and_then(|all| all.iter().find(|row| row["name"] == "launches"));
        let tier = source.and_then(|row| row["tier"].as_str()).context("no source of launches")?;
        Ok(tier.to_owned())
    }

    /// Starts to follow the records. Returns when the first can no longer be missed.
    pub(crate) fn tail(&self) -> Result<Tail> {
        // With `--after` what there is comes first, and shows that it is being followed.
        let mut child = self
            .home
            .command("trackwayctl")?
            .args(["tail", "--json", "--after", "0"])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut tail = Tail { child, lines: BufReader::new(stdout).lines() };
        tail.find(|record| record["kind"] == "daemon.started")?;
        Ok(tail)
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // Where it has ended already there is nothing to end.
            kill_process(pid, Signal::TERM).ok();
        }
        self.child.wait().ok();
    }
}

/// The records as they come. Ended when dropped.
pub(crate) struct Tail {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Tail {
    /// Reads on to a record.
    pub(crate) fn find(&mut self, is_it: impl Fn(&Value) -> bool) -> Result<Value> {
        loop {
            let line = self.lines.next().context("the tail has ended")??;
            let record = serde_json::from_str(&line)?;
            if is_it(&record) {
                return Ok(record);
            }
        }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
