//! File systems of a test's own: in a mount namespace that ends with the test, whatever becomes of
//! it. What is mounted there, loop devices included, is gone with the last process in it.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use trackway_tests::wait;

/// What these tests need.
pub(super) const PROGRAMS: [&str; 6] =
    ["mkfs.ext4", "mount", "nsenter", "perl", "setpriv", "unshare"];

/// A mount namespace.
pub(super) struct Mounts {
    holder: Child,
}

impl Mounts {
    /// Makes one, in which everything is mounted as it is outside.
    pub(super) fn new() -> Self {
        let holder = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "setpriv", "--pdeathsig", "KILL"])
            .args(["sleep", "infinity"])
            .stdin(Stdio::null())
            .spawn()
            .expect("unshare is part of util-linux");
        let mounts = Self { holder };
        let namespace = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
        let (ours, its) = (namespace("self"), mounts.holder.id().to_string());
        let new = || namespace(&its).filter(|theirs| Some(theirs) != ours.as_ref()).map(drop);
        wait::until(Duration::from_secs(5), new).expect("root may make a mount namespace");
        mounts
    }

    /// The program, with its arguments, that runs another one in it.
    pub(super) fn below(&self) -> Vec<OsString> {
        let namespace = format!("--mount=/proc/{}/ns/mnt", self.holder.id());
        ["nsenter".into(), namespace.into(), "--".into()].to_vec()
    }

    /// Runs a line of shell in it, which must succeed.
    pub(super) fn run(&self, line: &str, place: &Path) {
        let output = self.attempt(line, place);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
    }

    /// Runs a line of shell in it; `$1` is `place`.
    pub(super) fn attempt(&self, line: &str, place: &Path) -> Output {
        let below = self.below();
        let mut command = Command::new(&below[0]);
        command.args(&below[1..]).args(["sh", "-c", line, "sh"]).arg(place);
        command.stdin(Stdio::null()).output().expect("nsenter is part of util-linux")
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        self.holder.kill().ok();
        self.holder.wait().ok();
    }
}
