//! `trackwayd` as a person would run it, and `trackwayctl` to ask it.

mod tail;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use trackway_protocol::ids::LaunchId;
use trackway_protocol::record::Record;
use trackway_protocol::row::{DirRow, GapRow, LaunchRow, Status};

use self::tail::Tail;
use crate::wait;
use crate::world::{World, program};

/// How long the daemon may take for anything that a test waits for.
const PATIENCE: Duration = Duration::from_secs(15);

/// A daemon with a ledger of its own. Dropping it stops it and checks that it ended well.
#[derive(Debug)]
pub struct Daemon {
    root: PathBuf,
    env: Vec<(String, String)>,
    /// Runs the daemon below another program: `strace`, say.
    below: Vec<OsString>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    pid: Pid,
    tail: Tail,
}

impl Daemon {
    /// Starts one that belongs to the user whose home is in `world`, and waits until it records.
    ///
    /// `env` is the environment that it has, a shell's.
    #[must_use]
    pub fn start(world: &World, env: &[(String, String)]) -> Self {
        Self::start_below(world, env, Vec::new())
    }

    /// Starts one that writes its system calls about sockets to `trace`.
    #[must_use]
    pub fn start_traced(world: &World, env: &[(String, String)], trace: &Path) -> Self {
        let options = ["-f", "-qq", "-e", "trace=socket,connect,bind,sendto,sendmsg", "-o"];
        let mut below = vec![OsString::from("strace")];
        below.extend(options.map(OsString::from));
        below.extend([trace.into(), "--".into()]);
        Self::start_below(world, env, below)
    }

    /// Starts one by a shell that takes these rights away from new files.
    #[must_use]
    pub fn start_with_umask(world: &World, env: &[(String, String)], umask: &str) -> Self {
        let script = format!("umask {umask}; exec \"$@\"");
        let below = ["/bin/sh", "-c", &script, "sh"].map(OsString::from);
        Self::start_below(world, env, below.into())
    }

    /// Starts one below another program, that runs the rest of its command line: `env`, say.
    #[must_use]
    pub fn start_below(world: &World, env: &[(String, String)], below: Vec<OsString>) -> Self {
        let root = world.root().to_owned();
        let daemon = Self { root, env: env.to_vec(), below, running: Mutex::default() };
        daemon.start_again();
        daemon
    }

    /// Starts it once more after [`Daemon::kill`] or [`Daemon::stop`].
    pub fn start_again(&self) {
        self.start_after(0);
    }

    /// The same; [`Daemon::tailed`] and [`Daemon::wait_for`] know of records after `seq` only.
    pub fn start_after(&self, seq: u64) {
        let mut child = self.spawn();
        // One that its user has paused is ready as well.
        let is_ready = |status: &Status| status.recording || status.paused_until.is_some();
        let answers = || self.try_status().filter(is_ready);
        let status = wait::until(PATIENCE, || match child.try_wait() {
            Ok(None) => answers().map(Ok),
            ended => Some(Err(ended)),
        });
        let Some(Ok(status)) = status else {
            child.kill().ok();
            panic!("trackwayd does not record ({status:?}):\n{}", self.log());
        };
        let pid = i32::try_from(status.pid).ok().and_then(Pid::from_raw).expect("a pid");
        let after = seq.to_string();
        let tail = Tail::start(self.ctl_command(["tail", "--json", "--after", &after]));
        *self.lock() = Some(Running { child, pid, tail });
    }

    fn spawn(&self) -> Child {
        // Whatever becomes of the tests, the daemon does not outlive them.
        let leash = ["setpriv", "--pdeathsig", "TERM"].map(OsString::from);
        let mut argv = leash.to_vec();
        if !self.below.is_empty() {
            argv.extend(self.below.iter().cloned().chain(leash));
        }
        let run = ["run".into(), "--managed-dir".into(), self.managed_dir().into_os_string()];
        argv.extend(self.trackwayd_argv::<OsString>(run));
        let log = File::options().create(true).append(true).open(self.log_path());
        let log = log.expect("the world is ours");
        let mut command = self.command(&argv);
        command.stdout(log.try_clone().expect("a descriptor is left")).stderr(log);
        command.spawn().expect("setpriv is part of util-linux")
    }

    /// Runs `trackwayd` with another subcommand to its end.
    pub fn trackwayd<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        self.command(&self.trackwayd_argv(args)).output().expect("trackwayd was built")
    }

    fn trackwayd_argv<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Vec<OsString> {
        let mut argv: Vec<OsString> = vec![program("trackwayd").into()];
        argv.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        argv.extend(["--state-dir".into(), self.state_dir().into()]);
        argv.extend(["--socket".into(), self.socket().into()]);
        argv.extend(["--config".into(), self.root.join("config.toml").into()]);
        argv
    }

    fn command(&self, argv: &[OsString]) -> Command {
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).current_dir("/").stdin(Stdio::null());
        command.env_clear().envs(self.env.iter().cloned()).env("RUST_BACKTRACE", "1");
        command
    }

    /// Orders it to stop and waits for its end.
    pub fn stop(&self) {
        let (status, _) = self.end(Signal::TERM);
        assert!(status.success(), "trackwayd ended with {status}:\n{}", self.log());
        assert!(!self.log().contains("panicked"), "trackwayd panicked:\n{}", self.log());
    }

    /// Kills it, as the kernel does when memory is short. Returns what `tail` had printed by then.
    pub fn kill(&self) -> Vec<String> {
        let (status, tailed) = self.end(Signal::KILL);
        assert!(!status.success(), "trackwayd survived a SIGKILL");
        tailed
    }

    /// Holds it where it is, as long as the test wants; [`Signal::CONT`] lets it go on.
    pub fn signal(&self, signal: Signal) {
        let pid = self.lock().as_ref().expect("trackwayd runs").pid;
        kill_process(pid, signal).expect("trackwayd is our child");
    }

    fn end(&self, signal: Signal) -> (ExitStatus, Vec<String>) {
        let mut running = self.lock().take().expect("trackwayd runs");
        kill_process(running.pid, signal).expect("trackwayd is our child");
        let ended = || running.child.try_wait().expect("it is our child");
        if let Some(status) = wait::until(PATIENCE, ended) {
            return (status, running.tail.finish());
        }
        kill_process(running.pid, Signal::KILL).ok();
        running.child.kill().ok();
        panic!("trackwayd does not end:\n{}", self.log());
    }

    /// The directory of its ledger.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Where it looks for the rules of the whole machine: each test has a machine of its own.
    #[must_use]
    pub fn managed_dir(&self) -> PathBuf {
        self.root.join("managed")
    }

    /// Its socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.root.join("run/trackwayd.sock")
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let pid = self.lock().as_ref().expect("trackwayd runs").pid;
        pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// What it wrote to its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.root.join("trackwayd.log")
    }

    /// Runs `trackwayctl`, whatever comes of it.
    pub fn ctl<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        self.ctl_command(args).output().expect("trackwayctl was built")
    }

    /// Returns `trackwayctl` with these arguments, not yet run.
    pub fn ctl_command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(program("trackwayctl"));
        command.arg("--socket").arg(self.socket()).args(args);
        command.env_clear().envs(self.env.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Runs a query of `trackwayctl` and reads its rows.
    pub fn rows<T: DeserializeOwned>(&self, args: &[&str]) -> Vec<T> {
        let output = self.ctl(args.iter().chain(&["--json"]));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "trackwayctl {args:?}: {said}\n{}", self.log());
        let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
        let row = |line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        text.lines().map(row).collect()
    }

    /// What `status` says, where the daemon answers.
    #[must_use]
    pub fn try_status(&self) -> Option<Status> {
        let output = self.ctl(["status", "--json"]);
        serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success())
    }

    /// What `status` says.
    #[must_use]
    pub fn status(&self) -> Status {
        self.try_status().unwrap_or_else(|| panic!("no status:\n{}", self.log()))
    }

    /// Every launch that it knows of, other tests' included.
    #[must_use]
    pub fn launches(&self) -> Vec<LaunchRow> {
        self.rows(&["launches"])
    }

    /// The directories of one launch, those of helpers as well.
    #[must_use]
    pub fn dirs(&self, launch: LaunchId) -> Vec<DirRow> {
        self.rows(&["dirs", "--all", "--launch", &launch.to_string()])
    }

    /// When it was blind.
    #[must_use]
    pub fn gaps(&self) -> Vec<GapRow> {
        self.rows(&["gaps"])
    }

    /// The ledger, record by record.
    #[must_use]
    pub fn export(&self) -> Vec<Record> {
        self.rows(&["export", "--bare"])
    }

    /// Waits for a record, one that is already there included, and returns what `pick` makes of it.
    pub fn wait_for<T>(&self, what: &str, pick: impl Fn(&Record) -> Option<T>) -> T {
        let running = self.lock();
        let tail = &running.as_ref().expect("trackwayd runs").tail;
        tail.wait(PATIENCE, |records| records.iter().find_map(&pick)).unwrap_or_else(|| {
            let records = tail.lines().join("\n");
            panic!("waited in vain for {what}\n--- records:\n{records}\n--- log:\n{}", self.log())
        })
    }

    /// The lines that `tail --json` printed so far.
    #[must_use]
    pub fn tailed(&self) -> Vec<String> {
        self.lock().as_ref().expect("trackwayd runs").tail.lines()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        // A test that panicked has left nothing half done.
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let runs = self.lock().is_some();
        match (runs, thread::panicking()) {
            (true, false) => self.stop(),
            (true, true) => {
                let Some(mut running) = self.lock().take() else { return };
                kill_process(running.pid, Signal::KILL).ok();
                running.child.wait().ok();
            }
            (false, _) => {}
        }
    }
}
