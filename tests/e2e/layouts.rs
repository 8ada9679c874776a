//! Every way to install an agent on Linux, each as a tree of files around a program that does nothing,
//! and programs added by the configuration: one launch each, with its layout and version.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use trackway_protocol::row::LaunchRow;
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::{World, copy_program, program, write_script};

/// How long a program lives in milliseconds: so long that a busy machine does not matter.
const MS: &str = "1500";

pub(crate) fn all(tests: &mut Tests) {
    tests.add(every_layout_is_one_launch_with_its_version);
    tests.add_needing(&["node"], every_script_is_one_launch_with_its_version);
    tests.add(a_configured_program_is_one_launch);
}

/// One installed agent. Paths are below the world's root; `home` is the user's.
struct Install {
    /// The program or script, and its arguments.
    program: &'static str,
    args: &'static [&'static str],
    /// How it is started, where that is through a link.
    link: Option<&'static str>,
    /// A file that tells the version, and its text.
    file: Option<(&'static str, &'static str)>,
    /// Agent, layout, mode and version, as recorded.
    expected: [&'static str; 4],
}

const fn install(program: &'static str, expected: [&'static str; 4]) -> Install {
    Install { program, args: &[], link: None, file: None, expected }
}

impl Install {
    const fn args(self, args: &'static [&'static str]) -> Self {
        Self { args, ..self }
    }

    const fn link(self, link: &'static str) -> Self {
        Self { link: Some(link), ..self }
    }

    const fn file(self, path: &'static str, text: &'static str) -> Self {
        Self { file: Some((path, text)), ..self }
    }

    /// Writes its files, with the stub as the program.
    fn write(&self, root: &Path, stub: &Path) {
        place(stub, &root.join(self.program));
        self.write_beside(root);
    }

    fn write_beside(&self, root: &Path) {
        if let Some((path, text)) = self.file {
            write(&root.join(path), text);
        }
        if let Some(link) = self.link {
            let link = root.join(link);
            fs::create_dir_all(link.parent().expect("it is below the root")).expect("it is ours");
            symlink(root.join(self.program), link).expect("the link is new");
        }
    }

    fn start(&self, watch: &Watch) -> Child {
        let program = watch.world.root().join(self.link.unwrap_or(self.program));
        start(watch, &mut Command::new(program), self.expected[0], self.args)
    }
}

const CLAUDE_PACKAGE: &str = r#"{"name":"@anthropic-ai/claude-code","version":"2.1.197"}"#;
const CODEX_PACKAGE: &str = r#"{"name":"@openai/codex","version":"0.169.0-linux-x64"}"#;
const CODEX_RELEASE: &str = r#"{"layoutVersion":1,"version":"0.169.0","variant":"codex"}"#;
const KIT: &str = r#"{"name":"@anthropic-ai/claude-agent-sdk","version":"0.3.197","claudeCodeVersion":"2.1.196"}"#;
const METADATA: &str = "Metadata-Version: 2.5\nName: openai-codex-cli-bin\nVersion: 0.163.0\n";
const STREAM: &[&str] = &["--output-format", "stream-json", "--input-format", "stream-json"];
const SERVE: &[&str] = &["app-server", "--analytics-default-enabled"];

const INSTALLS: &[Install] = &[
    install(
        "usr/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
        ["claude", "npm", "interactive", "2.1.197"],
    )
    .file("usr/lib/node_modules/@anthropic-ai/claude-code/package.json", CLAUDE_PACKAGE)
    .link("usr/bin/claude"),
    install(
        "home/.nvm/versions/node/v22.20.0/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
        ["claude", "npm", "headless", "2.1.197"],
    )
    .file(
        "home/.nvm/versions/node/v22.20.0/lib/node_modules/@anthropic-ai/claude-code/package.json",
        CLAUDE_PACKAGE,
    )
    .args(&["-p", "x"]),
    install(
        "home/.bun/install/global/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
        ["claude", "npm", "interactive", "-"],
    ),
    install(
        "home/.local/share/pnpm/global/5/.pnpm/@anthropic-ai+claude-code-linux-x64@2.1.197/node_modules/@anthropic-ai/claude-code-linux-x64/claude",
        ["claude", "npm", "interactive", "2.1.197"],
    )
    .file(
        "home/.local/share/pnpm/global/5/.pnpm/@anthropic-ai+claude-code-linux-x64@2.1.197/node_modules/@anthropic-ai/claude-code-linux-x64/package.json",
        CLAUDE_PACKAGE,
    ),
    install(
        "home/.npm/_npx/becf7b9e4930/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
        ["claude", "npm", "interactive", "2.1.197"],
    )
    .file(
        "home/.npm/_npx/becf7b9e4930/node_modules/@anthropic-ai/claude-code/package.json",
        CLAUDE_PACKAGE,
    ),
    install(
        "home/.local/share/claude/versions/2.1.201",
        ["claude", "native", "interactive", "2.1.201"],
    )
    .link("home/.local/bin/claude"),
    install(
        "home/.local/share/claude/versions/2.1.202",
        ["claude", "native", "daemon", "2.1.202"],
    )
    .args(&["daemon", "run"]),
    install(
        "home/linuxbrew/.linuxbrew/Caskroom/claude-code/2.1.197/claude",
        ["claude", "homebrew", "interactive", "2.1.197"],
    )
    .link("home/linuxbrew/.linuxbrew/bin/claude"),
    install(
        "home/.vscode/extensions/anthropic.claude-code-2.1.233-linux-x64/resources/native-binary/claude",
        ["claude", "vscode", "headless", "-"],
    )
    .args(STREAM),
    install(
        "home/.cursor-server/extensions/anthropic.claude-code-2.1.233-linux-x64/resources/native-binary/claude",
        ["claude", "vscode", "headless", "-"],
    )
    .args(STREAM),
    install(
        "app/node_modules/@anthropic-ai/claude-agent-sdk-linux-x64/claude",
        ["claude", "npm-sdk", "headless", "2.1.196"],
    )
    .file("app/node_modules/@anthropic-ai/claude-agent-sdk/package.json", KIT)
    .args(STREAM),
    install(
        "app/.venv/lib/python3.13/site-packages/claude_agent_sdk/_bundled/claude",
        ["claude", "python-sdk", "headless", "2.1.330"],
    )
    .file(
        "app/.venv/lib/python3.13/site-packages/claude_agent_sdk/_bundled/claude.version",
        "2.1.330 (Claude Code)\n",
    )
    .args(STREAM),
    install(
        "home/.local/share/mise/installs/claude/2.1.197/claude",
        ["claude", "mise", "interactive", "2.1.197"],
    ),
    install("home/bin/claude", ["claude", "binary", "interactive", "-"]),
    install(
        "usr/lib/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
        ["codex", "npm", "headless", "0.169.0"],
    )
    .file("usr/lib/node_modules/@openai/codex-linux-x64/package.json", CODEX_PACKAGE)
    .args(&["exec", "x"]),
    install(
        "app/node_modules/@openai/codex-sdk/vendor/x86_64-unknown-linux-musl/codex/codex",
        ["codex", "npm-sdk", "headless", "-"],
    )
    .args(&["exec", "--experimental-json"]),
    install(
        "home/.codex/packages/standalone/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex",
        ["codex", "standalone", "interactive", "0.169.0"],
    )
    .link("home/.local/bin/codex"),
    install(
        "home/.codex/packages/app-server-daemon/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex",
        ["codex", "daemon", "app-server-daemon", "0.169.0"],
    )
    .args(&["app-server", "--listen", "unix:///tmp/x", "--managed-daemon"]),
    install(
        "home/linuxbrew/.linuxbrew/Caskroom/codex/0.169.0/codex-x86_64-unknown-linux-musl",
        ["codex", "homebrew", "interactive", "0.169.0"],
    ),
    install(
        "home/linuxbrew/.linuxbrew/Cellar/codex/0.20.0_1/bin/codex",
        ["codex", "homebrew", "interactive", "0.20.0"],
    ),
    install(
        "home/Downloads/codex-x86_64-unknown-linux-musl",
        ["codex", "binary", "interactive", "-"],
    ),
    install(
        "home/Downloads/codex-0.169/bin/codex-aarch64-unknown-linux-musl",
        ["codex", "binary", "interactive", "0.169.0"],
    )
    .file("home/Downloads/codex-0.169/codex-package.json", CODEX_RELEASE),
    install(
        "app/.venv/lib/python3.13/site-packages/codex_cli_bin/bin/codex",
        ["codex", "wheel", "headless", "0.163.0"],
    )
    .file(
        "app/.venv/lib/python3.13/site-packages/openai_codex_cli_bin-0.163.0.dist-info/METADATA",
        METADATA,
    )
    .args(&["exec", "x"]),
    install(
        "home/.vscode/extensions/openai.chatgpt-26.5.1117-linux-x64/bin/linux-x86_64/codex",
        ["codex", "vscode", "app-server", "-"],
    )
    .args(SERVE),
    install(
        "home/.windsurf/extensions/openai.chatgpt-26.5.1117-linux-x64/bin/linux-x86_64/codex",
        ["codex", "vscode", "app-server", "-"],
    )
    .args(SERVE),
    install(
        "home/.local/share/mise/installs/codex/0.169.0/bin/codex",
        ["codex", "mise", "interactive", "0.169.0"],
    ),
    install("home/.cargo/bin/codex", ["codex", "binary", "interactive", "-"]),
];

/// Scripts run by `node`: those that are the agent, and one that starts it.
const SCRIPTS: &[Install] = &[
    install(
        "old/lib/node_modules/@anthropic-ai/claude-code/cli.js",
        ["claude", "npm", "headless", "2.1.197"],
    )
    .file("old/lib/node_modules/@anthropic-ai/claude-code/package.json", CLAUDE_PACKAGE)
    .link("old/bin/claude")
    .args(&["-p", "x"]),
    install(
        "kit/node_modules/@anthropic-ai/claude-agent-sdk/cli.js",
        ["claude", "npm-sdk", "headless", "2.1.196"],
    )
    .file("kit/node_modules/@anthropic-ai/claude-agent-sdk/package.json", KIT)
    .args(STREAM),
    install(
        "new/lib/node_modules/@anthropic-ai/claude-code/cli-wrapper.cjs",
        ["claude", "npm", "headless", "2.1.197"],
    )
    .file("new/lib/node_modules/@anthropic-ai/claude-code/package.json", CLAUDE_PACKAGE)
    .args(&["-p", "x"]),
];

const IDLE: &str = "#!/usr/bin/env node\nsetTimeout(() => {}, 1500)\n";
const WRAPPER: &str = "#!/usr/bin/env node\n\
    require('node:child_process').spawnSync(__dirname + '/bin/claude.exe', process.argv.slice(2), {argv0: 'claude', \
    env: {...process.env, CLAUDE_CODE_INSTALLED_VIA_NPM_WRAPPER: '1'}})\n";

fn every_layout_is_one_launch_with_its_version() {
    let watch = Watch::start_in(&[], |world| {
        let stub = stub(world);
        INSTALLS.iter().for_each(|install| install.write(world.root(), &stub));
    });
    let children = INSTALLS.iter().map(|install| install.start(&watch)).collect();
    let rows = rows(&watch, children, INSTALLS.len());
    for install in INSTALLS {
        let exe = watch.world.root().join(install.program).display().to_string();
        check(&rows, install.expected, |row| row.exe.as_deref() == Some(&exe));
    }
}

fn every_script_is_one_launch_with_its_version() {
    let watch = Watch::start_in(&[], |world| {
        let stub = stub(world);
        for script in SCRIPTS {
            let path = world.root().join(script.program);
            let wraps = path.ends_with("cli-wrapper.cjs");
            write_script(&path, if wraps { WRAPPER } else { IDLE });
            if wraps {
                place(&stub, &path.with_file_name("bin/claude.exe"));
            }
            script.write_beside(world.root());
        }
    });
    let pids: Vec<_> = SCRIPTS.iter().map(|script| script.start(&watch)).collect();
    let outermost: Vec<_> = pids.iter().map(Child::id).collect();
    let rows = rows(&watch, pids, SCRIPTS.len());
    for (script, pid) in SCRIPTS.iter().zip(outermost) {
        check(&rows, script.expected, |row| row.pid == Some(pid));
    }
}

const CONFIGURED: &str = r#"
[[agents.claude.programs]]
path = "{root}/corp/start"
role = "wrapper"

[[agents.claude.programs]]
path = "{root}/corp/start.sh"
role = "wrapper"
interpreter = "*sh"

[[agents.codex.programs]]
path = "assistants/<version>/ask-*"
"#;

const SHELL_WRAPPER: &str = "#!/bin/sh\nshift\n(\"$0-inner\" \"$@\"; exit)\nexit 3\n";

fn a_configured_program_is_one_launch() {
    let native = "home/.local/share/claude/versions/2.1.201";
    let ask = "assistants/1.2.3/ask-x64";
    let watch = Watch::start_in(&[], |world| {
        let (root, stub) = (world.root(), stub(world));
        place(&stub, &root.join(native));
        place(&stub, &root.join(ask));
        place(&program("spawner"), &root.join("corp/start"));
        write_script(&root.join("corp/start.sh"), SHELL_WRAPPER);
        let inner = format!("#!/bin/sh\n{} \"$@\"\nexit 3\n", root.join(native).display());
        write_script(&root.join("corp/start.sh-inner"), &inner);
        write(&root.join("config.toml"), &world.tell(CONFIGURED));
    });
    let root = watch.world.root();
    let native = root.join(native).display().to_string();
    let run =
        |name: &str, args: &[&str]| start(&watch, &mut Command::new(root.join(name)), name, args);
    let spawned = ["--program", &native, "--count", "1", "--rate", "0"];
    let children = vec![
        run("corp/start", &spawned),
        run("corp/start.sh", &[&native, "mcp", "serve"]),
        run(ask, &["exec", "x"]),
    ];
    let pids: Vec<_> = children.iter().map(Child::id).collect();
    let rows = rows(&watch, children, 3);
    let expected = [
        ["claude", "native", "interactive", "2.1.201"],
        ["claude", "native", "mcp-serve", "2.1.201"],
        ["codex", "configured", "headless", "1.2.3"],
    ];
    for (expected, pid) in expected.into_iter().zip(pids) {
        check(&rows, expected, |row| row.pid == Some(pid));
    }
    let codes: Vec<_> = rows.iter().filter_map(|row| row.exit_code).collect();
    assert!(codes.contains(&3), "a launch ends as its wrapper does: {codes:?}");
}

/// Starts a program in the world's repository.
fn start(watch: &Watch, command: &mut Command, name: &str, args: &[&str]) -> Child {
    command.arg0(OsStr::new(name)).args(args).current_dir(watch.world.repo());
    command.env_clear().envs(watch.env.iter().cloned()).env("STUB_MS", MS);
    command.spawn().expect("the program is there")
}

/// Waits for the end of all children, and returns the launches once all that are due are over.
fn rows(watch: &Watch, children: Vec<Child>, due: usize) -> Vec<LaunchRow> {
    for mut child in children {
        child.wait().expect("it is our child");
    }
    let over = || {
        let rows = watch.launches();
        let ended = rows.iter().all(|row| row.ended_at.is_some());
        (ended && rows.len() >= due).then_some(rows)
    };
    let rows = wait::until(Duration::from_secs(10), over);
    let rows = rows.unwrap_or_else(|| panic!("not {due} launches: {:#?}", watch.launches()));
    assert_eq!(rows.len(), due, "{rows:#?}");
    rows
}

/// Claims that one launch is the one that `is` knows, and that it is as expected.
#[track_caller]
fn check(rows: &[LaunchRow], expected: [&str; 4], is: impl Fn(&LaunchRow) -> bool) {
    let found: Vec<_> = rows.iter().filter(|row| is(row)).collect();
    let [row] = found[..] else { panic!("one launch for {expected:?}, and not {found:#?}") };
    let told = [&row.layout, &row.mode, &row.agent_version];
    let [layout, mode, version] = told.map(|text| text.as_deref().unwrap_or("-"));
    assert_eq!([row.agent.as_str(), layout, mode, version], expected, "{row:#?}");
}

/// Copies the stub into the world, whose files can be links of one another.
fn stub(world: &World) -> std::path::PathBuf {
    let stub = world.root().join("stub");
    copy_program(&program("stub"), &stub);
    stub
}

/// Makes `path` the same file as `program`, or a copy of it.
fn place(program: &Path, path: &Path) {
    fs::create_dir_all(path.parent().expect("it is below the root")).expect("the world is ours");
    if fs::hard_link(program, path).is_err() {
        copy_program(program, path);
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("it is below the root")).expect("the world is ours");
    fs::write(path, text).expect("the world is ours");
}
