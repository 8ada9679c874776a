//! A program that is claude by its place, and does nothing: for what no real agent can be made to do.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::{World, copy_program, program};

/// The version that the stub claims.
pub(crate) const VERSION: &str = "9.9.9";

/// Starts a daemon in whose user's home a stub is installed as native claude is.
pub(crate) fn watch() -> Watch {
    watch_in(|_| {})
}

/// Like [`watch`], with a world that `furnish` changes first.
pub(crate) fn watch_in(furnish: impl FnOnce(&World)) -> Watch {
    ready(Watch::start_in(&[], |world| {
        furnish(world);
        install(world);
    }))
}

/// Like [`watch`], with a daemon that runs below the program that `furnish` returns.
pub(crate) fn watch_below(furnish: impl FnOnce(&World) -> Vec<OsString>) -> Watch {
    ready(Watch::start_below(|world| {
        install(world);
        furnish(world)
    }))
}

fn install(world: &World) {
    copy_program(&program("stub"), &path(world));
}

fn ready(watch: Watch) -> Watch {
    // What runs before its program is known to the second witness is not counted by it.
    let path = path(&watch.world).display().to_string();
    let is_counted = || {
        let agents = watch.daemon.status().agents;
        agents.iter().any(|agent| agent.exe == path && agent.counted).then_some(())
    };
    wait::until(Duration::from_secs(10), is_counted).expect("the stub's executions are counted");
    watch
}

/// Where the stub is.
pub(crate) fn path(world: &World) -> PathBuf {
    world.home().join(".local/share/claude/versions").join(VERSION)
}

/// Calls the stub in the world's repository: it lives for `ms` milliseconds.
pub(crate) fn call(world: &World, ms: u32) -> Command {
    call_as(&path(world), &world.repo(), ms)
}

/// Calls a program that is the stub.
pub(crate) fn call_as(program: &Path, cwd: &Path, ms: u32) -> Command {
    let mut command = Command::new(program);
    command.arg0(OsStr::new("claude")).current_dir(cwd);
    command.env_clear().env("STUB_MS", ms.to_string());
    command
}
