//! What only mentions an agent, or bears its name, is no launch.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use trackway_tests::harness::Tests;
use trackway_tests::npm::find;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::{World, copy_program, program, write_script};

use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(forty_bystanders_are_no_launches);
}

/// Commands that any machine may run, in the world's repository. What a machine lacks is left out;
/// most are there everywhere.
const MENTIONS: &[&[&str]] = &[
    &["grep", "-r", "claude", "."],
    &["grep", "-c", "codex exec", "claude.md"],
    &["cat", "claude.md"],
    &["head", "CLAUDE.md"],
    &["less", "CLAUDE.md"],
    &["man", "claude"],
    &["wc", "-l", "codex"],
    &["vim", "-es", "-u", "NONE", "+q", "codex"],
    &["sed", "-n", "s/claude/codex/p", "claude.md"],
    &["awk", "/claude/", "claude.md"],
    &["find", ".", "-name", "claude*"],
    &["ls", "-la", "{home}/.claude", "{home}/.codex"],
    &["tail", "-f", "{home}/.codex/sessions/rollout-1.jsonl"],
    &["bash", "-c", "echo claude; command -v codex"],
    &["sh", "-c", "which claude || true"],
    &["sh", "-c", "cd {home}/claude && pwd"],
    &["env", "CLAUDECODE=1", "true", "claude", "exec"],
    &["timeout", "1", "echo", "codex", "exec", "x"],
    &["pgrep", "-f", "no-such-claude"],
    &["ps", "-C", "claude"],
    &["git", "commit", "--allow-empty", "-m", "claude"],
    &["git", "log", "--author=claude"],
    &["ssh", "-o", "ProxyCommand=false", "host.invalid", "claude", "-p", "x"],
    &["tar", "-cf", "claude-code.tar", "claude.md"],
    &["cp", "claude.md", "{other}/claude"],
    &["python3", "tool.py", "claude", "--dangerously-skip-permissions"],
    &["python3", "-c", "print('claude')"],
    &["perl", "-e", "print 'codex exec'"],
    &["node", "{root}/some/path/claude-tools/index.js", "claude"],
    &["node", "{root}/cache/node_modules/ccusage/dist/index.js", "claude", "daily"],
    &["node", "{root}/src/codex/codex.js", "exec", "x"],
    &["node", "{root}/src/claude-code/cli.js", "-p", "x"],
    &["node", "-e", "0", "claude"],
    &["npm", "install", "--offline", "--prefix", "{other}", "@anthropic-ai/claude-code"],
    &["npm", "view", "--offline", "@openai/codex"],
];

/// Programs that are something else under an agent's name, with arguments of a person.
const NAMED: &[(&str, &[&str])] = &[
    ("src/codex/target/debug/codex", &["0.2"]),
    ("src/claude/build/claude", &["0.2"]),
    ("src/claude/build/claude.exe", &["0.2"]),
    ("home/.claude/local/bin/helper", &["0.2"]),
    ("home/claude/bin/server", &["0.2"]),
    ("home/.local/bin/claude-monitor", &["0.2"]),
    ("home/.local/bin/codexbar", &["0.2"]),
    ("home/.vscode/extensions/someone.claude-helper-1.0.0/bin/claude", &["0.2"]),
    ("home/.vscode/extensions/anthropic.claude-code-2.1.233-linux-x64/resources/rg", &["0.2"]),
    ("home/.local/share/claude/versions/current", &["0.2"]),
];

/// Scripts under an agent's name: the kernel executes their interpreter.
const SCRIPTS: &[(&str, &str)] = &[
    ("home/.local/bin/claude", "#!/bin/sh\necho claude \"$@\"\n"),
    ("home/bin/codex", "#!/usr/bin/env python3\nprint('codex')\n"),
    ("src/claude/cli.js", "#!/usr/bin/env node\nconsole.log('claude')\n"),
];

fn forty_bystanders_are_no_launches() {
    let watch = Watch::start_in(&[], |world| {
        furnish(world);
        copy_program(&program("stub"), &stub::path(world));
    });
    let mentions = MENTIONS.iter().filter_map(|command| mention(&watch, command));
    let named = NAMED.iter().map(|(path, args)| {
        let mut command = Command::new(watch.world.root().join(path));
        command.arg0("claude").args(*args);
        command
    });
    let scripts = SCRIPTS.iter().map(|(path, _)| {
        let mut command = Command::new(watch.world.root().join(path));
        command.args(["-p", "x"]);
        command
    });
    let commands: Vec<_> = mentions.chain(named).chain(scripts).collect();
    assert!(commands.len() >= 40, "only {} of them can be had here", commands.len());
    let children: Vec<_> = commands.into_iter().map(|command| start(&watch, command)).collect();
    children.into_iter().for_each(end);

    // Proof that the recorder was awake: it takes events in order, and tells of this last one.
    let mut agent = stub::call(&watch.world, 100).spawn().expect("the stub is there");
    agent.wait().expect("it is our child");
    let launch = watch.wait_for_start(agent.id());
    watch.wait_for_end(launch);
    let others: Vec<_> = watch.launches().into_iter().filter(|row| row.id != launch).collect();
    assert!(others.is_empty(), "{others:#?}");
}

fn furnish(world: &World) {
    let (root, repo) = (world.root(), world.repo());
    for name in ["claude.md", "CLAUDE.md", "codex"] {
        write(&repo.join(name), "claude and codex\n");
    }
    write(&repo.join("tool.py"), "import sys\nprint('claude', sys.argv)\n");
    write(&world.home().join(".codex/sessions/rollout-1.jsonl"), "{}\n");
    for path in MENTIONS.iter().flat_map(|command| *command).filter(|arg| arg.ends_with(".js")) {
        write(Path::new(&world.tell(path)), "console.log('claude')\n");
    }
    for (path, _) in NAMED {
        copy_program(Path::new("/bin/sleep"), &root.join(path));
    }
    for (path, text) in SCRIPTS {
        write_script(&root.join(path), text);
    }
}

/// Makes a command of what is written above, where the machine has its program.
fn mention(watch: &Watch, command: &[&str]) -> Option<Command> {
    let mut made = Command::new(find(command[0])?);
    made.arg0(command[0]).args(command[1..].iter().map(|arg| watch.world.tell(arg)));
    Some(made)
}

fn start(watch: &Watch, mut command: Command) -> Child {
    command.current_dir(watch.world.repo()).env_clear().envs(watch.env.iter().cloned());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Waits for the end of a program; one that goes on, as `tail -f` does, is ended.
fn end(mut child: Child) {
    let ended = || child.try_wait().expect("it is our child");
    if wait::until(Duration::from_secs(10), ended).is_none() {
        child.kill().expect("it is our child");
        child.wait().expect("it is our child");
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("it is below the root")).expect("the world is ours");
    fs::write(path, text).expect("the world is ours");
}
