//! Ways in which writing fails, made and ended while the daemon runs.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use trackway_tests::wait;

use super::SOON;

/// The daemon's system calls fail, those that would write the log of its ledger, as `strace` has it.
pub(super) struct Broken {
    strace: Child,
}

impl Broken {
    /// Has them fail with an error: `EIO`, say.
    pub(super) fn with(error: &str, pid: u32, log: &Path) -> Self {
        let strace = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-p", &pid.to_string(), "-P"])
            .arg(log)
            .args(["-e", "trace=pwrite64,write,fdatasync,fsync,ftruncate"])
            .args(["-e", &format!("inject=pwrite64,write,fdatasync,fsync,ftruncate:error={error}")])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("strace is there");
        let broken = Self { strace };
        let is_traced = || {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            status
                .lines()
                .any(|line| line.strip_prefix("TracerPid:").is_some_and(|pid| pid.trim() != "0"))
                .then_some(())
        };
        wait::until(SOON, is_traced).expect("strace may trace a process of the same user");
        broken
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        // Told to end it lets go; killed, it would take the daemon with it.
        let pid = i32::try_from(self.strace.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("it is a pid"), Signal::TERM).ok();
        self.strace.wait().ok();
    }
}

/// A limit of the daemon's, lowered. Dropping it puts it back.
pub(super) struct Lowered {
    pid: Pid,
    resource: Resource,
    before: Rlimit,
}

impl Lowered {
    pub(super) fn to(current: u64, pid: u32, resource: Resource) -> Self {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("it is a pid");
        let before = limits_of(pid, resource);
        let lowered = Rlimit { current: Some(current), maximum: before.maximum };
        prlimit(Some(pid), resource, lowered).expect("it is our child");
        Self { pid, resource, before }
    }
}

impl Drop for Lowered {
    fn drop(&mut self) {
        let before = Rlimit { current: self.before.current, maximum: self.before.maximum };
        prlimit(Some(self.pid), self.resource, before).ok();
    }
}

/// Reads a limit of another process, which the library can only set.
fn limits_of(pid: Pid, resource: Resource) -> Rlimit {
    let name = match resource {
        Resource::Fsize => "Max file size",
        _ => "Max open files",
    };
    let path = format!("/proc/{}/limits", pid.as_raw_nonzero());
    let limits = fs::read_to_string(path).expect("the daemon runs");
    let line = limits.lines().find_map(|line| line.strip_prefix(name)).expect("it is listed");
    let mut values = line.split_whitespace().map(|value| value.parse().ok());
    Rlimit { current: values.next().flatten(), maximum: values.next().flatten() }
}
