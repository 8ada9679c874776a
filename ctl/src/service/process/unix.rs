//! Users and processes on Unix.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, geteuid, kill_process, test_kill_process};

use super::child::Order;

/// Returns this user's number.
pub(crate) fn user() -> Option<u32> {
    Some(geteuid().as_raw())
}

/// Whether a directory belongs to this user.
pub(crate) fn owns(dir: &Path) -> bool {
    fs::metadata(dir).is_ok_and(|meta| meta.is_dir() && meta.uid() == geteuid().as_raw())
}

/// Returns the directory of this user's sockets: the one that was told, if it is theirs.
pub(crate) fn runtime_dir(told: Option<&Path>) -> Option<PathBuf> {
    let usual = PathBuf::from(format!("/run/user/{}", geteuid().as_raw()));
    told.map(Path::to_owned).into_iter().chain([usual]).find(|dir| owns(dir))
}

/// Whether a process has not ended. One that only waits to be counted has.
pub(crate) fn is_alive(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X'])),
        Err(_) => known(pid).is_some_and(|pid| test_kill_process(pid).is_ok()),
    }
}

/// Asks a process to end.
pub(crate) fn terminate(pid: u32) {
    known(pid).map(|pid| kill_process(pid, Signal::TERM).ok());
}

/// Ends a process.
pub(crate) fn kill(pid: u32) {
    known(pid).map(|pid| kill_process(pid, Signal::KILL).ok());
}

/// Takes a command out of our job, so that what ends us does not end it.
pub(crate) fn detach(command: &mut Command) {
    command.process_group(0);
}

/// Makes a file that will be created this user's alone.
pub(crate) fn private(options: &mut fs::OpenOptions) {
    options.mode(0o600);
}

/// Returns the name of a process's program.
pub(crate) fn name(pid: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/comm")).ok().or_else(|| {
        let order = Order::new(["ps", "-o", "comm=", "-p"]);
        order.args([pid.to_string()]).done().ok()
    })
}

fn known(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}
