//! What is particular to an agent: how its processes look, how to read its version, which of its
//! arguments may be recorded. One file per agent; nothing elsewhere asks for an agent by name.
//!
//! # From an exec to a launch
//!
//! [`candidate`] is asked for every exec on the machine and looks at nothing but two strings. For a
//! candidate, [`recognise`] tells whose process it is from facts in memory. Only an interpreter
//! needs more: [`script_argument`] names the script that it runs, the caller makes that path
//! canonical off the hot path, and asks [`recognise`] again.
//!
//! An exec whose executable was gone before it could be read has only its `comm`;
//! [`rules_out`] tells whether that excludes an agent. A program started through a link of some
//! other name shows that name, so the count of such execs is bounded by another witness, the
//! open-exec count of the known programs.
//!
//! # What a process is
//!
//! [`Role`] tells whether a process counts, `mode` what a launch was started to do. Both follow from
//! the command line alone, and are told here for all agents:
//!
//! | process | role | mode |
//! |---|---|---|
//! | a session at a terminal | agent | `interactive` |
//! | `claude -p`, `codex exec`, stream-json input of an editor or kit | agent | `headless` |
//! | `claude --bg` | agent | `background` |
//! | `codex app-server` of an editor or a desktop app | agent | `app-server` |
//! | `codex app-server … --managed-daemon`, which sessions share | daemon | `app-server-daemon` |
//! | `claude daemon run`, the supervisor of background sessions | daemon | `daemon` |
//! | `claude mcp serve`, `codex mcp-server`: runs no model of its own | agent | `mcp-serve` |
//! | `claude agents`, `codex agents`: a list of sessions, itself none | agent | `other:agents` |
//! | `attach`, `doctor`, `daemon status` and whatever else is no session | agent | `other:…` |
//! | pre-warmed spares, pty hosts, workers of a supervisor | machinery | none |
//! | codex's updater and probes of its daemon; `rg`, sandboxes, `apply_patch` | machinery | none |
//! | npm's `node`, `env`, a launcher of the user's | wrapper | its agent's |
//!
//! A spare that is given a session stays what it is: its commands belong to the supervisor's launch.
//! A command that is not known is a prompt to the agents, and `interactive` here; one below a known
//! command has that command's mode. Without a command line the mode is `unknown`.
//!
//! # Versions
//!
//! A version is what the path says of the agent, or a package file beside it; no program is run for
//! it. The version of an editor's extension, a desktop app or a kit is not the agent's: it can be
//! read in the recorded path, and `agent_version` stays unknown unless a file there tells it.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use trackway_protocol::record::Endpoint;

use crate::configuration::catalogue::Catalogue;
use crate::enrich::redact::{self, Grammar};
use crate::event::{AgentEnv, ProcessFacts, RawArgv, os_string};
use crate::session::{LineError, Parser, Project};

pub(crate) use crate::enrich::redact::Arguments;
pub(crate) use silence::Silence;

use layout::{Layout, Signs};

pub(crate) mod claude;
pub(crate) mod codex;
pub(crate) mod disk;
pub(crate) mod interpreter;
pub(crate) mod layout;
pub(crate) mod silence;
pub(crate) mod user;

/// Every agent that is known.
pub(crate) static CATALOGUE: &[&dyn Agent] = &[&claude::Claude, &codex::Codex];

/// What a recognised process is to its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The agent itself. Outermost of its kind, it is a launch; below its [`Role::Wrapper`], or
    /// executed again in place, a part of that launch.
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

/// A process in an agent's own list of what runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    pub(crate) pid: u32,
    /// Tells it from others that bore the pid.
    pub(crate) start_ticks: u64,
    /// The session that it works on.
    pub(crate) session: String,
}

/// An agent's program found on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Install {
    pub(crate) agent: &'static str,
    /// Canonical path of the program that the kernel executes.
    pub(crate) exe: PathBuf,
    pub(crate) version: Option<String>,
}

impl fmt::Debug for Recognised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} ({})", self.agent.name(), self.role, self.layout)
    }
}

/// Recognises a process of any agent. Looks at nothing but its argument.
pub(crate) fn recognise(image: &Image<'_>) -> Option<Recognised> {
    user::programs().recognise(image).or_else(|| {
        CATALOGUE.iter().find_map(|agent| {
            let (role, layout) = agent.recognise(image)?;
            Some(Recognised { agent: *agent, role, layout })
        })
    })
}

/// Whether an exec may be an agent's, or an interpreter's that may run one. Cheap: no allocation,
/// no disk.
pub(crate) fn candidate(exe: Option<&Path>, comm: &OsStr) -> bool {
    let Some(exe) = exe else { return !rules_out(comm) };
    let name = layout::file_name(exe);
    if interpreter::is_multicall(name) {
        return !rules_out(comm);
    }
    let path = exe.as_os_str().as_encoded_bytes();
    interpreter::may_be_interpreter(name)
        || user::programs().may_be(exe)
        || CATALOGUE.iter().any(|agent| contains(path, agent.signs().word.as_bytes()))
}

/// Returns the script that an interpreter runs, as typed, where its name is one of an agent's.
pub(crate) fn script_argument(image: &Image<'_>) -> Option<PathBuf> {
    if let Some(script) = user::programs().script(layout::file_name(image.exe?), image.argv) {
        return Some(os_string(script.path).into());
    }
    interpreter::of(image.exe?, image.argv)?;
    let path = interpreter::script(image.argv)?.path;
    let name = interpreter::base(path);
    let mut names = CATALOGUE.iter().flat_map(|agent| agent.signs().script_names);
    names.any(|known| known.as_bytes() == name).then(|| os_string(path).into())
}

/// Whether a `comm` proves that the process is no agent.
pub(crate) fn rules_out(comm: &OsStr) -> bool {
    /// `node` names its main thread, and a program started through a descriptor has its number.
    const UNSPECIFIC: &[&str] = &["MainThread", "node-MainThread"];
    let comm = comm.as_encoded_bytes().trim_ascii_end();
    let number = comm.iter().all(u8::is_ascii_digit);
    let unspecific = UNSPECIFIC.iter().any(|known| known.as_bytes() == comm);
    let mut known = CATALOGUE.iter().flat_map(|agent| agent.signs().comms);
    !(number
        || unspecific
        || interpreter::may_be_interpreter(comm)
        || user::programs().may_have_comm(comm)
        || known.any(|pattern| layout::fits(pattern, comm)))
}

/// Returns the directories in which agents keep their things: the default ones, and those that this
/// process's environment names.
pub(crate) fn homes() -> Vec<(&'static str, PathBuf)> {
    let user = directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned());
    let in_home = |name: &str| user.as_ref().map(|home| home.join(name));
    let named = |variable| std::env::var_os(variable).map(PathBuf::from);
    let known = [
        ("claude", in_home(".claude")),
        ("claude", in_home(".config/claude")),
        ("claude", named("CLAUDE_CONFIG_DIR")),
        ("codex", in_home(".codex")),
        ("codex", named("CODEX_HOME")),
    ];
    known.into_iter().filter_map(|(agent, dir)| Some((agent, dir?))).collect()
}

/// Finds the programs of all agents on disk. Touches the disk.
pub(crate) fn installed(home: &Path, path: &[PathBuf]) -> Vec<Install> {
    let known = CATALOGUE.iter().flat_map(|agent| agent.installed(home, path));
    known.chain(user::programs().installed()).collect()
}

/// Whether a `comm` is one that an agent's own program has.
pub(crate) fn has_comm(comm: &OsStr) -> bool {
    let comm = comm.as_encoded_bytes();
    CATALOGUE
        .iter()
        .flat_map(|agent| agent.signs().comms)
        .any(|pattern| layout::fits(pattern, comm))
        || user::programs().may_have_comm(comm)
}

/// Whether an argument names a file as agents' programs and scripts are named.
pub(crate) fn is_program_name(argument: &[u8]) -> bool {
    let name = layout::without_exe(interpreter::base(argument));
    CATALOGUE.iter().map(|agent| agent.grammar()).any(|grammar| {
        let mut names = grammar.programs.iter().chain(grammar.scripts);
        names.any(|known| layout::fits(known, name))
    })
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

/// Everything particular to one agent.
pub(crate) trait Agent: Sync {
    /// Returns the agent's name in records.
    fn name(&self) -> &'static str;

    /// Returns by what its processes are known.
    fn signs(&self) -> &'static Signs;

    /// Returns what the agent's program is with these arguments.
    fn role(&self, argv: &RawArgv) -> Role;

    /// Recognises one of the agent's processes. Looks at nothing but its argument.
    fn recognise(&self, image: &Image<'_>) -> Option<(Role, &'static str)> {
        let Layout { name, role, .. } = self.signs().find(image)?;
        Some((if role == Role::Agent { self.role(image.argv) } else { role }, name))
    }

    /// Reads the version from the path, or from the package file beside it. May touch the disk.
    fn version(&self, image: &Image<'_>) -> Option<String> {
        let program = image.script.or(image.exe)?;
        let configured = user::programs().version(program);
        configured.or_else(|| disk::version(self.signs(), program))
    }

    /// Returns what its configuration is made of.
    fn configuration(&self) -> &'static Catalogue;

    /// Returns what its command line may contain.
    fn grammar(&self) -> &'static Grammar;

    /// Reads a command line: what may be recorded of it, and what it asks for.
    fn arguments(&self, argv: &RawArgv) -> Arguments {
        redact::redact(argv, self.grammar())
    }

    /// Returns the id of the session that its arguments tell it to work in, where they name one.
    fn session_argument(&self, argv: &RawArgv) -> Option<String> {
        redact::session(argv, self.grammar())
    }

    /// Returns where requests go, as far as arguments, environment and configuration tell.
    ///
    /// May touch the disk, so it is asked only for a process that sees the same files as the daemon.
    fn endpoint(&self, argv: &RawArgv, env: &AgentEnv, cwd: Option<&Path>) -> Option<Endpoint>;

    /// Whether `child` carries the agent's mark of a tool call that `own`, the environment of the
    /// launch itself, does not carry as well (it does when an agent runs inside another's tool call).
    fn marks_tool_call(&self, own: &AgentEnv, child: &AgentEnv) -> bool;

    /// Returns the variable in which the mark of a tool call names the session.
    fn session_variable(&self) -> &'static str;

    /// Returns the directory in which a process with this environment keeps its session files.
    fn home(&self, env: &AgentEnv) -> Option<PathBuf>;

    /// Returns the file in which a process says on which session it works, where agents of this kind
    /// keep such a list.
    fn registry(&self, _home: &Path, _pid: u32) -> Option<PathBuf> {
        None
    }

    /// Reads such a file; none where it does not say whose it is.
    fn registered(&self, _file: &[u8]) -> Result<Option<Registered>, LineError> {
        Ok(None)
    }

    /// Returns what tells the session that a process works on from a file that it has open for
    /// writing, where processes of this agent keep one open.
    fn session_file(&self) -> Option<fn(&Path) -> Option<String>> {
        None
    }

    /// Whether a file of this name is the agent's own, though it lies outside of its directory.
    fn is_own_file(&self, _name: &OsStr) -> bool {
        false
    }

    /// Whether a descendant that carries the mark is the agent's own sandbox or helper program, not
    /// the work of a tool call.
    fn is_machinery(&self, parent_exe: Option<&Path>, process: &ProcessFacts) -> bool;

    /// Returns a parser of the agent's session files, which goes on where another one saved its
    /// state; `None` where that state is of another version, so that the file must be read again.
    fn parser(&self, saved: Option<&[u8]>) -> Option<Box<dyn Parser>>;

    /// Returns a parser of the history of what was typed, which needs no state.
    fn history(&self) -> Box<dyn Parser>;

    /// Reads the agent's own list of directories that it was used in.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    fn projects(&self, _text: &[u8]) -> Result<Vec<Project>, LineError> {
        Ok(Vec::new())
    }

    /// Returns by what a launch with these risk-relevant flags and this environment was told to leave
    /// no session file, or less of a history.
    fn silence(&self, flags: &[String], env: &AgentEnv) -> Option<Silence>;

    /// Returns the flag by which a launch was told not to run hooks.
    fn hooks_off<'a>(&self, _flags: &'a [String]) -> Option<&'a str> {
        None
    }

    /// Whether a launch with this redacted command line asks something of its model as soon as it is
    /// started without a terminal.
    fn asks_at_once(&self, _argv: &[String]) -> bool {
        true
    }

    /// Returns for how long, at least, the agent keeps a session file that a session in `cwd` wrote;
    /// none where that cannot be told. May touch the disk.
    fn keeps_for(&self, file: &Path, cwd: Option<&Path>) -> Option<Duration>;

    /// Returns the code of findings about a setting that keeps a witness from telling.
    fn finding_of_setting(&self, key: &str) -> Option<&'static str>;

    /// Finds the agent's programs below `home` and in the directories of `path`. Touches the disk.
    fn installed(&self, home: &Path, path: &[PathBuf]) -> Vec<Install> {
        disk::installed(self.name(), self.signs(), home, path)
    }
}

/// Returns the absolute directory that `variable` names, else `below` the user's home.
fn home_of(env: &AgentEnv, variable: &str, below: &str) -> Option<PathBuf> {
    let named = env.get(variable).map(PathBuf::from);
    let home = named.or_else(|| Some(Path::new(env.get("HOME")?).join(below)))?;
    home.is_absolute().then_some(home)
}

#[cfg(test)]
mod tests;
