//! Codex.
//!
//! npm's `codex` is a script: `env node …/codex`, then `node …` in place, then the native program
//! as a child, or in place as well where node can do that. Other installs start the native
//! program at once.
//!
//! The native program has many names. Under `argv[0]` `apply_patch` or `codex-linux-sandbox`, or
//! with a leading `--codex-run-as-…`, it is a helper. Interactive sessions share a background
//! service, a copy of the program below `$CODEX_HOME/packages/app-server-daemon`, in which the tool
//! calls of all of them run: a launch of its own. What a session does to find, probe and update
//! that service is no launch.

use std::path::{Path, PathBuf};
use std::time::Duration;

use trackway_protocol::record::Endpoint;

use crate::configuration::catalogue::Catalogue;
use crate::enrich::redact::{self, Grammar, mode, own_arguments, value};
use crate::event::{AgentEnv, ProcessFacts, RawArgv};
use crate::session::Parser;

use super::layout::{self, Layout, Package, Plain, Signs};
use super::{Agent, Arguments, Role, Silence, interpreter};

mod arguments;
mod configuration;
mod history;
pub(crate) mod rollout;
mod settings;

/// Codex.
pub(crate) struct Codex;

const SCRIPT_NAMES: &[&str] = &["codex", "codex.js"];

static SIGNS: Signs = Signs {
    word: "codex",
    // `exe` is what the kernel calls a program that executed `/proc/self/exe`.
    comms: &["codex*", "exe"],
    programs: &[
        // Beside the agent in a release, and named like it.
        helper("codex-linux-sandbox*"),
        helper("codex-execve-wrapper*"),
        helper("codex-command-runner*"),
        helper("codex-windows-sandbox-*"),
        helper("codex-responses-api-proxy*"),
        program("npm-sdk", "@openai/codex-sdk/vendor/*/bin/codex"),
        program("npm-sdk", "@openai/codex-sdk/vendor/*/codex/codex"),
        program("npm", "@openai/codex-*/vendor/*/bin/codex"),
        program("npm", "@openai/codex/vendor/*/bin/codex"),
        // Until 0.12x.
        program("npm", "@openai/codex-*/vendor/*/codex/codex"),
        program("npm", "@openai/codex/vendor/*/codex/codex"),
        program("npm", "@openai/codex/bin/codex-*-unknown-linux-musl"),
        program("npm", "@openai/codex/bin/codex-*-apple-darwin"),
        // An install in progress, tried out with `--version`.
        helper("releases/.staging.*/bin/codex"),
        program("standalone", "packages/standalone/releases/<version?>/bin/codex"),
        program("standalone", "packages/standalone/releases/<version?>/codex"),
        program("standalone", "packages/standalone/current/bin/codex"),
        program("daemon", "packages/app-server-daemon/releases/<version?>/bin/codex"),
        program("daemon", "packages/app-server-daemon/current/bin/codex"),
        program("wheel", "codex_cli_bin/bin/codex"),
        program("wheel", "openai_codex_cli_bin/bin/codex"),
        program("wheel", "openai_codex_cli_bin/codex"),
        // Neither the extension's version nor the app's is the agent's.
        program("vscode", "extensions/openai.chatgpt-*/bin/*/codex"),
        program("desktop", "ChatGPT.app/Contents/Resources/codex"),
        program("desktop", "Codex.app/Contents/Resources/codex"),
        program("desktop", "WindowsApps/OpenAI.Codex_*/app/resources/codex"),
        program("desktop", "WindowsApps/OpenAI.Codex_*/resources/codex"),
        program("desktop", "WindowsApps/OpenAI.Codex_*/app/codex"),
        program("desktop", "WindowsApps/OpenAI.Codex_*/codex"),
        program("homebrew", "Caskroom/codex*/<version?>/codex-*-apple-darwin"),
        program("homebrew", "Caskroom/codex*/<version?>/codex-*-unknown-linux-musl"),
        program("homebrew", "Caskroom/codex*/<version?>/codex"),
        program("homebrew", "Caskroom/codex*/<version?>/bin/codex"),
        program("homebrew", "Cellar/codex*/<version?>/bin/codex"),
        program("winget", "WinGet/Packages/OpenAI.Codex*/codex-*-pc-windows-msvc"),
        program("winget", "WinGet/Packages/OpenAI.Codex*/codex"),
        program("mise", "mise/installs/*/<version?>/codex"),
        program("mise", "mise/installs/*/<version?>/bin/codex"),
        program("mise", "mise/installs/*/<version?>/codex-*-unknown-linux-musl"),
        program("nix", "nix/store/*/bin/codex"),
        program("nix", "nix/store/*/bin/.codex-wrapped"),
        program("system", "lib/codex/codex"),
        program("system", "lib/codex/bin/codex"),
        helper("codex-resources/bwrap"),
        helper("codex-path/rg"),
        helper("@openai/codex*/vendor/*/path/rg"),
        helper("bin/codex-code-mode-host"),
        helper("bin/codex-voice-host"),
        // A release archive as it is; some hold one command of the agent (`ALONE`).
        program("binary", "codex-*-unknown-linux-musl"),
        program("binary", "codex-*-unknown-linux-gnu"),
        program("binary", "codex-*-apple-darwin"),
        program("binary", "codex-*-pc-windows-msvc"),
    ],
    scripts: &[Layout { name: "npm", role: Role::Wrapper, path: "@openai/codex/bin/codex.js" }],
    script_names: SCRIPT_NAMES,
    plain: Plain {
        name: "codex",
        variables: &[
            "CODEX_MANAGED_BY_NPM",
            "CODEX_MANAGED_BY_BUN",
            "CODEX_MANAGED_BY_PNPM",
            "CODEX_MANAGED_BY_VITE_PLUS",
        ],
        words: &[
            "exec",
            "app-server",
            "mcp-server",
            "exec-server",
            "--dangerously-bypass-approvals-and-sandbox",
            "--yolo",
            "--full-auto",
            "--ask-for-approval",
            "--sandbox",
        ],
    },
    packages: &[
        Package::Json {
            file: "codex-package.json",
            owner: "variant",
            owners: &["codex"],
            version: "version",
        },
        Package::Json {
            file: "package.json",
            owner: "name",
            owners: &["@openai/codex", "@openai/codex-*"],
            version: "version",
        },
        Package::Text {
            layout: "wheel",
            file: "openai_codex_cli_bin-*.dist-info/METADATA",
            after: "\nVersion: ",
        },
    ],
    below_home: &[
        ".local/bin/codex",
        ".codex/packages/*/releases/*/bin/codex",
        ".codex/packages/*/current/bin/codex",
        ".bun/install/global/node_modules/@openai/codex/bin/codex.js",
    ],
    beside_path: &["codex", "../lib/node_modules/@openai/codex/bin/codex.js"],
    beside_script: &[
        "../vendor/*/bin/codex",
        "../vendor/*/codex/codex",
        "codex-*-unknown-linux-musl",
        "../../codex-*/vendor/*/bin/codex",
        "../../codex-*/vendor/*/codex/codex",
        "../node_modules/@openai/codex-*/vendor/*/bin/codex",
    ],
};

const fn program(name: &'static str, path: &'static str) -> Layout {
    Layout { name, role: Role::Agent, path }
}

const fn helper(path: &'static str) -> Layout {
    Layout { name: "package", role: Role::Machinery, path }
}

/// Names in `argv[0]` under which the program is a tool of the model's shell.
const TOOL_NAMES: &[&str] = &["apply_patch", "applypatch"];

/// Names in `argv[0]` under which the program is part of the sandbox.
const SANDBOX_NAMES: &[&str] = &["codex-linux-sandbox", "codex-execve-wrapper"];

/// First arguments with which the program is a helper of itself.
const CHORES: &[&str] = &["--codex-run-as-*", "--run-as-windows-sandbox", "--apply-seccomp-*"];

/// Programs of a release that are one command of the agent, by their names, and the mode of each.
const ALONE: &[(&str, &str)] = &[
    ("codex-exec-*", "headless"),
    ("codex-app-server-*", "app-server"),
    ("codex-mcp-server-*", "mcp-serve"),
];

/// The variables that tell one tool call from another.
const MARKS: &[&str] = &["CODEX_THREAD_ID", "CODEX_SESSION_ID", "CODEX_TOOL_CALL_ID"];

impl Agent for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }

    fn signs(&self) -> &'static Signs {
        &SIGNS
    }

    fn role(&self, argv: &RawArgv) -> Role {
        if is_named(argv, TOOL_NAMES) || is_helper(argv) || keeps_daemon(argv) {
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

    fn arguments(&self, argv: &RawArgv) -> Arguments {
        let arguments = redact::redact(argv, self.grammar());
        let name = interpreter::base(argv.get(0).unwrap_or_default());
        match ALONE.iter().find(|(known, _)| layout::fits(known, name)) {
            Some((_, mode)) if arguments.mode == "interactive" => Arguments { mode, ..arguments },
            _ => arguments,
        }
    }

    fn endpoint(&self, argv: &RawArgv, env: &AgentEnv, _: Option<&Path>) -> Option<Endpoint> {
        configuration::endpoint(argv, env)
    }

    fn history(&self) -> Box<dyn Parser> {
        Box::<history::History>::default()
    }

    fn parser(&self, saved: Option<&[u8]>) -> Option<Box<dyn Parser>> {
        let parser = match saved {
            Some(saved) => rollout::Rollout::restore(saved)?,
            None => rollout::Rollout::default(),
        };
        Some(Box::new(parser))
    }

    fn session_variable(&self) -> &'static str {
        "CODEX_THREAD_ID"
    }

    fn home(&self, env: &AgentEnv) -> Option<PathBuf> {
        super::home_of(env, "CODEX_HOME", ".codex")
    }

    fn silence(&self, flags: &[String], _env: &AgentEnv) -> Option<Silence> {
        const FLAG: &str = "--ephemeral";
        const HISTORY: &str = "--config=history.persistence=none";
        if flags.iter().any(|flag| flag == FLAG) {
            return Some(Silence::whole(FLAG));
        }
        let has_none = flags.iter().any(|flag| flag == HISTORY);
        has_none.then_some(Silence::of_history("history.persistence=none"))
    }

    fn hooks_off<'a>(&self, flags: &'a [String]) -> Option<&'a str> {
        const FLAGS: &[&str] = &[
            "--disable=hooks",
            "--config=features.hooks=false",
            "--config=features.codex_hooks=false",
        ];
        flags.iter().map(String::as_str).find(|flag| FLAGS.contains(flag))
    }

    /// A session on another machine leaves nothing on this one.
    fn asks_at_once(&self, argv: &[String]) -> bool {
        !argv.iter().any(|argument| argument.starts_with("--remote"))
    }

    /// Nothing is swept by age.
    fn keeps_for(&self, _file: &Path, _cwd: Option<&Path>) -> Option<Duration> {
        Some(Duration::MAX)
    }

    fn finding_of_setting(&self, key: &str) -> Option<&'static str> {
        match key {
            "features.hooks" | "features.codex_hooks" => Some("hooks-off"),
            "history.persistence" => Some("transcripts-off"),
            _ => None,
        }
    }

    fn session_file(&self) -> Option<fn(&Path) -> Option<String>> {
        Some(thread_of)
    }

    fn marks_tool_call(&self, own: &AgentEnv, child: &AgentEnv) -> bool {
        let is_marked = MARKS.iter().any(|name| child.get(name).is_some());
        is_marked && MARKS.iter().any(|name| child.get(name) != own.get(name))
    }

    /// The sandbox is `codex-linux-sandbox`, which becomes `bwrap`, which probes itself with
    /// `/usr/bin/true` in `/`, and starts `codex-linux-sandbox` again inside. Only what that starts
    /// is the command. The model's own `apply_patch` and `rg` are commands.
    fn is_machinery(&self, parent_exe: Option<&Path>, process: &ProcessFacts) -> bool {
        let exe = process.exe.as_deref();
        let name = exe.map(layout::file_name).unwrap_or_default();
        let parent = parent_exe.map(layout::file_name).unwrap_or_default();
        let by_codex = parent_exe.is_some_and(|parent| SIGNS.may_be_program(parent));
        let is = |test: fn(&RawArgv) -> bool| process.argv.as_ref().is_some_and(test);
        let is_codex = exe.is_some_and(|exe| SIGNS.may_be_program(exe));
        let bundled = exe.and_then(|exe| SIGNS.program(exe));
        bundled.is_some_and(|layout| layout.role == Role::Machinery && name != b"rg")
            || (name == b"bwrap" && by_codex)
            || (parent == b"bwrap" && (name == b"true" || is(|argv| is_named(argv, &["true"]))))
            || (is_codex && is(is_helper))
    }
}

/// Returns the thread whose lock or rollout file this is.
fn thread_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let is_lock = path.parent()?.ends_with("thread-writer-locks");
    let id = match name.strip_suffix(".lock").filter(|_| is_lock) {
        Some(id) => id,
        None => {
            let rollout = name.strip_prefix("rollout-")?.strip_suffix(".jsonl")?;
            rollout.get(rollout.len().checked_sub(36)?..)?
        }
    };
    value::is_uuid(id).then(|| id.to_owned())
}

/// Whether the program is part of the sandbox, or does a chore for itself.
fn is_helper(argv: &RawArgv) -> bool {
    let first = argv.get(1).unwrap_or_default();
    is_named(argv, SANDBOX_NAMES) || CHORES.iter().any(|chore| layout::fits(chore, first))
}

/// Whether a session looks after the shared service: probes its program, or updates it.
fn keeps_daemon(argv: &RawArgv) -> bool {
    let has = |word: &[u8]| own_arguments(argv).any(|argument| argument == word);
    let starts = |words: &[&[u8]]| own_arguments(argv).take(words.len()).eq(words.iter().copied());
    starts(&[b"app-server", b"daemon", b"pid-update-loop"])
        || (starts(&[b"app-server"]) && has(b"--managed-daemon") && has(b"--help"))
}

fn is_named(argv: &RawArgv, names: &[&str]) -> bool {
    let name = interpreter::base(argv.get(0).unwrap_or_default());
    names.iter().any(|known| known.as_bytes() == name)
}

#[cfg(test)]
mod tests;
