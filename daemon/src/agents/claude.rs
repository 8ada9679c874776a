//! Claude Code.
//!
//! One native program with many names: npm's `bin/claude.exe` (a hard link of the platform
//! package's `claude`), the native installer's `versions/2.1.197`. It executes itself for chores:
//! with another name in `argv[0]` it is `rg` or `apply-seccomp`, with a leading flag a worker of
//! its background service. Where npm could not install the program, `node cli-wrapper.cjs` starts
//! it; before 2.1 the agent was `node cli.js` itself. An interactive session may execute the program
//! again in place, with `--resume`, to change its renderer: that is still the same launch.
//!
//! The supervisor of background sessions (`claude daemon run`) outlives whoever started it and
//! runs sessions of its own, so it is a launch, and its workers belong to it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use trackway_protocol::record::Endpoint;

use crate::configuration::catalogue::Catalogue;
use crate::enrich::redact::{Grammar, mode, own_arguments};
use crate::event::{AgentEnv, ProcessFacts, RawArgv};
use crate::session::{LineError, Parser, Project};

use super::layout::{Layout, Package, Plain, Signs};
use super::{Agent, Registered, Role, Silence, interpreter};

mod arguments;
mod endpoint;
mod history;
mod projects;
mod registry;
mod retention;
mod settings;
pub(crate) mod transcript;

/// Claude Code.
pub(crate) struct Claude;

const SCRIPT_NAMES: &[&str] = &["claude", "cli-wrapper.cjs", "cli.js", "cli.mjs"];

static SIGNS: Signs = Signs {
    word: "claude",
    comms: &["claude*", ".claude-*", "cli-wrapper.cjs", "cli.js", "cli.mjs", "<version>"],
    programs: &[
        program("npm", "@anthropic-ai/claude-code/bin/claude"),
        program("npm", "@anthropic-ai/claude-code-*/claude"),
        // Where npm puts the old one while it installs the new one.
        program("npm", "@anthropic-ai/.claude-code-*/bin/claude"),
        program("native", "claude/versions/<version>"),
        program("native", "*:/Users/*/.local/bin/claude"),
        program("npm-sdk", "@anthropic-ai/claude-agent-sdk-*/claude"),
        program("python-sdk", "claude_agent_sdk/_bundled/claude"),
        // The extension's version is not the agent's.
        program("vscode", "extensions/anthropic.claude-code-*/resources/native-binary/claude"),
        program("vscode", "extensions/anthropic.claude-code-*/resources/native-binaries/*/claude"),
        program("desktop", "Claude/claude-code/<version?>/claude.app/Contents/MacOS/claude"),
        program("desktop", "Claude/claude-code*/<version?>/claude"),
        program("homebrew", "Caskroom/claude-code*/<version?>/claude"),
        program("homebrew", "Cellar/claude-code*/<version?>/bin/claude"),
        program("winget", "WinGet/Packages/Anthropic.ClaudeCode*/claude"),
        program("mise", "mise/installs/*/<version?>/claude"),
        program("mise", "mise/installs/*/<version?>/bin/claude"),
        program("nix", "nix/store/*/bin/claude"),
        program("nix", "nix/store/*/bin/.claude-*wrapped"),
        program("system", "lib/claude-code/claude"),
        program("system", "lib/claude-code/bin/claude"),
    ],
    scripts: &[
        Layout {
            name: "npm",
            role: Role::Wrapper,
            path: "@anthropic-ai/claude-code/cli-wrapper.cjs",
        },
        program("npm", "@anthropic-ai/claude-code/cli.js"),
        program("npm", "@anthropic-ai/claude-code/cli.mjs"),
        program("npm-sdk", "@anthropic-ai/claude-agent-sdk/cli.js"),
        program("vscode", "extensions/anthropic.claude-code-*/resources/claude-code/cli.js"),
    ],
    script_names: SCRIPT_NAMES,
    plain: Plain {
        name: "claude",
        variables: &["CLAUDE_CODE_INSTALLED_VIA_NPM_WRAPPER"],
        words: &["--dangerously-skip-permissions", "--permission-mode", "setup-token"],
    },
    packages: &[
        Package::Json {
            file: "package.json",
            owner: "name",
            owners: &["@anthropic-ai/claude-code", "@anthropic-ai/claude-code-*"],
            version: "version",
        },
        // A kit has a version of its own, and names the agent's.
        Package::Json {
            file: "package.json",
            owner: "name",
            owners: &["@anthropic-ai/claude-agent-sdk"],
            version: "claudeCodeVersion",
        },
        Package::Json {
            file: "../claude-agent-sdk/package.json",
            owner: "name",
            owners: &["@anthropic-ai/claude-agent-sdk"],
            version: "claudeCodeVersion",
        },
        Package::Text { layout: "python-sdk", file: "claude.version", after: "" },
        Package::Text {
            layout: "python-sdk",
            file: "_cli_version.py",
            after: "__cli_version__ = \"",
        },
    ],
    below_home: &[
        ".local/bin/claude",
        ".local/share/claude/versions/<version>",
        ".claude/local/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
        ".bun/install/global/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
    ],
    beside_path: &[
        "claude",
        "../lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
        "../lib/node_modules/@anthropic-ai/claude-code-*/claude",
        "../lib/node_modules/@anthropic-ai/claude-code/node_modules/@anthropic-ai/claude-code-*/claude",
    ],
    beside_script: &["../claude-code-*/claude", "node_modules/@anthropic-ai/claude-code-*/claude"],
};

const fn program(name: &'static str, path: &'static str) -> Layout {
    Layout { name, role: Role::Agent, path }
}

/// Names in `argv[0]` under which the program is another one.
const OTHER_NAMES: &[&str] =
    &["rg", "bfs", "ugrep", "gh", "apply-seccomp", "claude bg-spare", "claude bg-pty-host"];

/// First arguments with which the program is a helper of itself.
const CHORES: &[&str] = &[
    "--bg-pty-host",
    "--bg-spare",
    "bg-pty-host",
    "bg-spare",
    "--chrome-native-host",
    "--claude-in-chrome-mcp",
    "--computer-use-mcp",
    "--daemon-worker",
    "--eval-mock-server",
    "--preload",
    "--ripgrep",
];

impl Agent for Claude {
    fn name(&self) -> &'static str {
        "claude"
    }

    fn signs(&self) -> &'static Signs {
        &SIGNS
    }

    fn role(&self, argv: &RawArgv) -> Role {
        let first = own_arguments(argv).next().unwrap_or_default();
        let chore = CHORES.iter().any(|chore| chore.as_bytes() == first);
        if chore || has_other_name(argv) {
            Role::Machinery
        } else if mode(argv, self.grammar()) == arguments::DAEMON {
            Role::Daemon
        } else {
            Role::Agent
        }
    }

    fn configuration(&self) -> &'static Catalogue {
        &settings::CATALOGUE
    }

    fn grammar(&self) -> &'static Grammar {
        &arguments::GRAMMAR
    }

    fn endpoint(&self, argv: &RawArgv, env: &AgentEnv, cwd: Option<&Path>) -> Option<Endpoint> {
        let home = self.home(env);
        endpoint::endpoint(argv, env, home.as_deref(), cwd, Path::new(settings::MANAGED_DIR))
    }

    fn projects(&self, text: &[u8]) -> Result<Vec<Project>, LineError> {
        projects::read(text)
    }

    fn history(&self) -> Box<dyn Parser> {
        Box::<history::History>::default()
    }

    fn parser(&self, saved: Option<&[u8]>) -> Option<Box<dyn Parser>> {
        let parser = match saved {
            Some(saved) => transcript::Transcript::restore(saved)?,
            None => transcript::Transcript::default(),
        };
        Some(Box::new(parser))
    }

    fn session_variable(&self) -> &'static str {
        "CLAUDE_CODE_SESSION_ID"
    }

    fn home(&self, env: &AgentEnv) -> Option<PathBuf> {
        super::home_of(env, "CLAUDE_CONFIG_DIR", ".claude")
    }

    fn registry(&self, home: &Path, pid: u32) -> Option<PathBuf> {
        Some(registry::path(home, pid))
    }

    fn registered(&self, file: &[u8]) -> Result<Option<Registered>, LineError> {
        registry::read(file)
    }

    /// `.claude.json` lies beside the default directory, with copies and locks.
    fn is_own_file(&self, name: &OsStr) -> bool {
        name.as_encoded_bytes().starts_with(b".claude.json")
    }

    /// An agent that is started in a tool call is told so by a variable, and keeps no file then.
    fn silence(&self, flags: &[String], env: &AgentEnv) -> Option<Silence> {
        const FLAG: &str = "--no-session-persistence";
        if flags.iter().any(|flag| flag == FLAG) {
            return Some(Silence::whole(FLAG));
        }
        let names = ["CLAUDE_CODE_SKIP_PROMPT_HISTORY", "CLAUDE_CODE_CHILD_SESSION"];
        names.into_iter().find(|name| env.get(name).is_some()).map(Silence::whole)
    }

    /// What is asked comes later, or never, where an editor or a kit speaks to it, and is asked
    /// elsewhere where the session is not on this machine.
    fn asks_at_once(&self, argv: &[String]) -> bool {
        const OTHERWISE: &[&str] =
            &["--input-format", "--sdk-url", "--cloud", "--remote", "--teleport", "--environment"];
        let is_other = |argument: &String| OTHERWISE.iter().any(|flag| argument.starts_with(flag));
        !argv.iter().any(is_other)
    }

    fn keeps_for(&self, file: &Path, cwd: Option<&Path>) -> Option<Duration> {
        let projects = file.ancestors().find(|dir| dir.ends_with("projects"))?;
        retention::keeps_for(projects.parent()?, cwd, Path::new(settings::MANAGED_DIR))
    }

    fn finding_of_setting(&self, key: &str) -> Option<&'static str> {
        match key {
            "disableAllHooks" => Some("hooks-off"),
            "env.CLAUDE_CODE_SKIP_PROMPT_HISTORY" => Some("transcripts-off"),
            _ => None,
        }
    }

    fn marks_tool_call(&self, own: &AgentEnv, child: &AgentEnv) -> bool {
        const CHILD: &str = "CLAUDE_CODE_CHILD_SESSION";
        const SESSION: &str = "CLAUDE_CODE_SESSION_ID";
        let mark = |env: &AgentEnv| {
            (env.get(CHILD).map(ToOwned::to_owned), env.get(SESSION).map(ToOwned::to_owned))
        };
        child.get(CHILD).is_some() && mark(child) != mark(own)
    }

    /// `rg`, `bfs` and `ugrep` also stand behind a shell command's `rg`, `find` and `grep`; only one
    /// that the agent itself started is its own search, and not a command.
    fn is_machinery(&self, parent_exe: Option<&Path>, process: &ProcessFacts) -> bool {
        let own = |exe: Option<&Path>| exe.is_some_and(|exe| SIGNS.may_be_program(exe));
        let Some(argv) = process.argv.as_ref().filter(|_| own(process.exe.as_deref())) else {
            return false;
        };
        self.role(argv) == Role::Machinery && (own(parent_exe) || !has_other_name(argv))
    }
}

fn has_other_name(argv: &RawArgv) -> bool {
    let name = interpreter::base(argv.get(0).unwrap_or_default());
    OTHER_NAMES.iter().any(|other| other.as_bytes() == name)
}

#[cfg(test)]
mod tests;
