//! Installs the pinned agents from npm, once, into `target/agents`.
//!
//! What is installed is checked against the lock files in `tests/agents`. Parallel test processes
//! wait for the one that installs; a directory with its final name is complete.

use std::env;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::agent::Agent;
use crate::world;

struct Package {
    manifest: &'static str,
    lock: &'static str,
    /// The command that must be there afterwards, and how its file begins.
    command: (&'static str, &'static [u8]),
    /// What npm does not run by itself in every version and configuration, below `node_modules`.
    postinstall: Option<&'static str>,
}

macro_rules! package {
    ($dir:literal, $command:expr, $postinstall:expr) => {
        Package {
            manifest: include_str!(concat!("../agents/", $dir, "/package.json")),
            lock: include_str!(concat!("../agents/", $dir, "/package-lock.json")),
            command: $command,
            postinstall: $postinstall,
        }
    };
}

const CLAUDE: (&str, &[u8]) = ("claude", b"\x7fELF");
const CLAUDE_POSTINSTALL: Option<&str> = Some("@anthropic-ai/claude-code/install.cjs");
const CODEX: (&str, &[u8]) = ("codex", b"#!/usr/bin/env node");

fn package(agent: Agent) -> Package {
    match agent.to_string().as_str() {
        "claude-2.1.197" => package!("claude-2.1.197", CLAUDE, CLAUDE_POSTINSTALL),
        "claude-2.1.330" => package!("claude-2.1.330", CLAUDE, CLAUDE_POSTINSTALL),
        "codex-0.162.1" => package!("codex-0.162.1", CODEX, None),
        "codex-0.169.0" => package!("codex-0.169.0", CODEX, None),
        unknown => unreachable!("{unknown} is not pinned"),
    }
}

/// Whether agents can be installed on this machine.
#[must_use]
pub fn is_there() -> bool {
    find("npm").is_some() && find("node").is_some()
}

/// Returns the directory of `node`, which runs npm's codex.
#[must_use]
pub fn node_dir() -> Option<PathBuf> {
    find("node").and_then(|path| path.parent().map(Path::to_owned))
}

/// Finds a program on the `PATH`.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// Returns the directory with the agent's command, and installs the agent where it is not.
#[must_use]
pub fn bin(agent: Agent) -> PathBuf {
    let home = world::target().join("agents").join(agent.to_string());
    if !home.is_dir() {
        install(agent, &home);
    }
    home.join("node_modules/.bin")
}

fn install(agent: Agent, home: &Path) {
    let agents = home.parent().expect("it is below target");
    fs::create_dir_all(agents).expect("target is ours");
    let lock = File::create(agents.join(format!("{agent}.lock"))).expect("target is ours");
    lock.lock().expect("a lock can be waited for");
    if home.is_dir() {
        return;
    }
    let package = package(agent);
    let scratch = tempfile::tempdir_in(agents).expect("target is ours");
    fs::write(scratch.path().join("package.json"), package.manifest).expect("it is ours");
    fs::write(scratch.path().join("package-lock.json"), package.lock).expect("it is ours");
    // Scripts are run by name: whether npm runs them depends on its version and configuration.
    run("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"], scratch.path());
    if let Some(script) = package.postinstall {
        let script = Path::new("node_modules").join(script);
        let dir = scratch.path().join(script.parent().expect("it is in a package"));
        run("node", &[script.file_name().and_then(|name| name.to_str()).expect("a name")], &dir);
    }
    check(&scratch.path().join("node_modules/.bin"), package.command);
    fs::rename(scratch.path(), home).expect("both are in one directory");
}

fn run(program: &str, arguments: &[&str], dir: &Path) {
    let output = Command::new(program).args(arguments).current_dir(dir).output();
    let output = output.unwrap_or_else(|error| panic!("{program} does not start: {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    let command = arguments.join(" ");
    assert!(output.status.success(), "`{program} {command}` failed:\n{said}\n{complained}");
}

/// A package that lacks its program has a placeholder there, which says so only when it is run.
fn check(bin: &Path, (command, begin): (&str, &[u8])) {
    let mut found = vec![0; begin.len()];
    let read = File::open(bin.join(command)).and_then(|mut file| file.read_exact(&mut found));
    assert!(read.is_ok() && found == begin, "npm installed no program as {command}");
}
