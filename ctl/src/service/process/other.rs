//! Users and processes where there are neither signals nor owners: by the system's own programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::child::Order;

/// Returns no number: users have none here.
pub(crate) fn user() -> Option<u32> {
    None
}

/// Whether a directory is there; whose it is cannot be told.
pub(crate) fn owns(dir: &Path) -> bool {
    dir.is_dir()
}

/// Returns nothing: there is no directory of sockets.
pub(crate) fn runtime_dir(told: Option<&Path>) -> Option<PathBuf> {
    told.map(Path::to_owned)
}

/// Whether a process has not ended.
pub(crate) fn is_alive(pid: u32) -> bool {
    name(pid).is_some()
}

/// Asks a process to end.
pub(crate) fn terminate(pid: u32) {
    Order::new(["taskkill", "/pid", &pid.to_string()]).run().ok();
}

/// Ends a process.
pub(crate) fn kill(pid: u32) {
    Order::new(["taskkill", "/f", "/pid", &pid.to_string()]).run().ok();
}

/// Takes a command off our console.
#[cfg(windows)]
pub(crate) fn detach(command: &mut Command) {
    use std::os::windows::process::CommandExt as _;
    const NO_CONSOLE: u32 = 0x0000_0008;
    const OWN_GROUP: u32 = 0x0000_0200;
    command.creation_flags(NO_CONSOLE | OWN_GROUP);
}

/// Leaves a command where it is.
#[cfg(not(windows))]
pub(crate) fn detach(_: &mut Command) {}

/// Leaves a file as private as its directory.
pub(crate) fn private(_: &mut fs::OpenOptions) {}

/// Returns the name of a process's program.
pub(crate) fn name(pid: u32) -> Option<String> {
    let filter = format!("PID eq {pid}");
    let said = Order::new(["tasklist", "/fi", &filter, "/fo", "csv", "/nh"]).done().ok()?;
    said.trim().strip_prefix('"')?.split('"').next().map(str::to_owned)
}
