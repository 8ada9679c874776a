//! What is particular to an agent: how its processes look, how to read its version, which of its
//! arguments may be recorded. One file per agent; nothing elsewhere asks for an agent by name.

use std::path::{Path, PathBuf};

use trackway_protocol::record::Endpoint;

use crate::event::{AgentEnv, ProcessFacts, RawArgv};

pub(crate) mod claude;
pub(crate) mod codex;

/// What a recognised process is to its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The agent itself. Outermost of its kind, it is a launch; below its [`Role::Wrapper`], a part of that launch.
    Agent,
    /// A program that only starts the agent proper and waits for it, or becomes it (`env`, npm's `node`).
    Wrapper,
    /// A process of the agent's shared background service: a launch of its own, in mode `mode`.
    Daemon,
    /// The agent's program doing a chore for itself (`rg`, a sandbox, an updater): no launch.
    Machinery,
}

/// What a process's program looks like, enough to recognise it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Image<'a> {
    /// The executable.
    pub(crate) exe: Option<&'a Path>,
    /// The command line.
    pub(crate) argv: &'a RawArgv,
    /// Where `exe` is an interpreter: the canonical path of the script that it runs.
    pub(crate) script: Option<&'a Path>,
    /// The allowed part of the environment.
    pub(crate) env: &'a AgentEnv,
}

/// A process that the catalogue knows.
#[derive(Clone, Copy)]
pub(crate) struct Recognised {
    /// Whose it is.
    pub(crate) agent: &'static dyn Agent,
    /// What it is to its agent.
    pub(crate) role: Role,
    /// How the agent was installed: `npm`, `native`, `standalone` …
    pub(crate) layout: &'static str,
}

/// What a command line says, safe to record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The redacted command line: known flags and path values stand, all else is a length.
    pub(crate) argv: Vec<String>,
    /// The flags that matter for risk, in a normal form.
    pub(crate) flags: Vec<String>,
    /// What the agent was started to do.
    pub(crate) mode: &'static str,
    /// Directories that it names, with how they count as touched (`add-dir`, `chdir`), as typed.
    pub(crate) dirs: Vec<(&'static str, PathBuf)>,
}

/// An agent's program found on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Install {
    pub(crate) agent: &'static str,
    /// Canonical path of the program that the kernel executes.
    pub(crate) exe: PathBuf,
    pub(crate) version: Option<String>,
}

/// Everything particular to one agent.
pub(crate) trait Agent: Sync {
    /// Returns the agent's name in records.
    fn name(&self) -> &'static str;

    /// Recognises one of the agent's processes. Looks at nothing but its argument.
    fn recognise(&self, image: &Image<'_>) -> Option<(Role, &'static str)>;

    /// Reads the version from the path, or from the package file beside it. May touch the disk.
    fn version(&self, image: &Image<'_>) -> Option<String>;

    /// Reads a command line: what may be recorded of it, and what it asks for.
    fn arguments(&self, argv: &RawArgv) -> Arguments;

    /// Returns where requests go, as far as arguments, environment and configuration tell. May touch the disk.
    fn endpoint(&self, argv: &RawArgv, env: &AgentEnv) -> Option<Endpoint>;

    /// Whether `child` carries the agent's mark of a tool call that `own`, the environment of the
    /// launch itself, does not carry as well (it does when an agent runs inside another's tool call).
    fn marks_tool_call(&self, own: &AgentEnv, child: &AgentEnv) -> bool;

    /// Whether a descendant is the agent's own sandbox or helper program, not the work of a tool call.
    fn is_machinery(&self, parent_exe: Option<&Path>, process: &ProcessFacts) -> bool;

    /// Finds the agent's programs below `home` and in the directories of `path`. Touches the disk.
    fn installed(&self, home: &Path, path: &[PathBuf]) -> Vec<Install>;
}

pub(crate) fn candidate(_exe: Option<&Path>, _comm: &std::ffi::OsStr) -> bool { false }
pub(crate) fn recognise(_image: &Image<'_>) -> Option<Recognised> { None }
pub(crate) fn script_argument(_image: &Image<'_>) -> Option<PathBuf> { None }
pub(crate) fn rules_out(_comm: &std::ffi::OsStr) -> bool { false }
pub(crate) fn installed(_home: &Path, _path: &[PathBuf]) -> Vec<Install> { Vec::new() }
