//! Interpreters that may run an agent's script, and which of their arguments is the script.
//!
//! npm's launchers are scripts: the kernel starts `env node SCRIPT …` for them, which becomes
//! `node SCRIPT …` in place. What follows the script is the agent's own command line.

use std::path::Path;

use crate::event::RawArgv;

use super::{layout, user};

/// A program that runs scripts, or (`env`) another program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interpreter {
    Env,
    Node,
    Bun,
    Deno,
}

/// The script in an interpreter's command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Script<'a> {
    /// The script as typed.
    pub(crate) path: &'a [u8],
    /// Index of the argument that names it; the agent's own arguments follow.
    pub(crate) index: usize,
}

/// Programs that are one of many commands, by their first argument or their name.
const MULTICALL: &[&str] = &["busybox", "coreutils", "toybox"];

/// Whether a program's name is that of an interpreter, or of one that may act as `env`.
pub(crate) fn may_be_interpreter(name: &[u8]) -> bool {
    by_name(name).is_some() || is_multicall(name)
}

/// Whether a program is many commands in one, of which `env` may be one.
pub(crate) fn is_multicall(name: &[u8]) -> bool {
    MULTICALL.iter().any(|known| known.as_bytes() == name)
}

/// Returns which interpreter a process is.
pub(crate) fn of(exe: &Path, argv: &RawArgv) -> Option<Interpreter> {
    let name = layout::file_name(exe);
    if is_multicall(name) {
        return by_name(base(argv.get(0)?)).filter(|found| *found == Interpreter::Env);
    }
    by_name(name)
}

/// Finds the script in a command line whose first argument is an interpreter's name.
pub(crate) fn script(argv: &RawArgv) -> Option<Script<'_>> {
    /// A script comes early; what follows it may be long and is not looked at.
    const MAX_BEFORE: usize = 256;
    let name = base(argv.get(0)?);
    if let Some(script) = user::programs().script(name, argv) {
        return Some(script);
    }
    let interpreter = by_name(layout::without_exe(name))?;
    let mut rest = argv.args().enumerate().take(MAX_BEFORE).skip(1).collect::<Vec<_>>();
    rest.reverse();
    follow(interpreter, rest)
}

/// Finds the script in what follows the interpreter; the next argument is the last of `rest`.
fn follow(interpreter: Interpreter, mut rest: Vec<(usize, &[u8])>) -> Option<Script<'_>> {
    match interpreter {
        Interpreter::Env => {
            let (_, command) = command_of_env(&mut rest)?;
            follow(by_name(base(command))?, rest)
        }
        Interpreter::Node => script_of(NODE, rest),
        Interpreter::Bun => script_of(BUN, rest),
        Interpreter::Deno => script_of(DENO, rest),
    }
}

/// Skips the options and assignments of `env`, and splits what `-S` carries.
fn command_of_env<'a>(rest: &mut Vec<(usize, &'a [u8])>) -> Option<(usize, &'a [u8])> {
    while let Some((index, argument)) = rest.pop() {
        match argument {
            b"-u" | b"-C" | b"--unset" | b"--chdir" => drop(rest.pop()),
            b"-S" | b"--split-string" => {
                let (index, text) = rest.pop()?;
                split(index, text, rest);
            }
            _ => match split_string(argument) {
                Some(text) => split(index, text, rest),
                None if argument.starts_with(b"-") || argument.contains(&b'=') => {}
                None => return Some((index, argument)),
            },
        }
    }
    None
}

/// Returns the text of `-Stext`, `-vStext` or `--split-string=text`.
fn split_string(argument: &[u8]) -> Option<&[u8]> {
    argument.strip_prefix(b"--split-string=").or_else(|| {
        let cluster = argument.strip_prefix(b"-").filter(|rest| !rest.starts_with(b"-"))?;
        let at = cluster.iter().position(|byte| *byte == b'S')?;
        cluster[..at].iter().all(|byte| b"iv0".contains(byte)).then(|| &cluster[at + 1..])
    })
}

fn split<'a>(index: usize, text: &'a [u8], rest: &mut Vec<(usize, &'a [u8])>) {
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    rest.extend(words.map(|word| (index, word)).collect::<Vec<_>>().into_iter().rev());
}

/// What must be known of an interpreter's own options to find the script behind them.
#[derive(Clone, Copy)]
struct Options {
    /// Options whose value is the next argument.
    with_value: &'static [&'static str],
    /// Options after which there is no script.
    without_script: &'static [&'static str],
    /// Words before the script.
    words: &'static [&'static str],
}

const NODE: Options = Options {
    with_value: &[
        "-r",
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
        "-C",
        "--conditions",
        "--env-file",
        "--env-file-if-exists",
        "--title",
        "--input-type",
        "--inspect-port",
        "--icu-data-dir",
        "--openssl-config",
        "--redirect-warnings",
        "--diagnostic-dir",
        "--stack-trace-limit",
        "--max-http-header-size",
        "--watch-path",
    ],
    without_script: &["-e", "--eval", "-p", "-pe", "--print", "--run", "-"],
    words: &[],
};

const BUN: Options = Options {
    with_value: &["-r", "--preload", "--cwd", "--config", "--env-file", "--define", "--conditions"],
    without_script: &["-e", "--eval", "-p", "--print", "-", "x", "install", "add"],
    words: &["run"],
};

const DENO: Options = Options {
    with_value: &["--config", "-c", "--import-map", "--lock", "--env-file", "--location"],
    without_script: &["-", "eval", "repl", "install", "task", "x"],
    words: &["run"],
};

fn script_of(options: Options, mut rest: Vec<(usize, &[u8])>) -> Option<Script<'_>> {
    let is = |words: &[&str], argument: &[u8]| words.iter().any(|w| w.as_bytes() == argument);
    while let Some((index, argument)) = rest.pop() {
        if is(options.without_script, argument) {
            return None;
        }
        if argument == b"--" {
            return rest.pop().map(|(index, path)| Script { path, index });
        }
        if is(options.with_value, argument) {
            rest.pop();
        } else if !argument.starts_with(b"-") && !is(options.words, argument) {
            return Some(Script { path: argument, index });
        }
    }
    None
}

fn by_name(name: &[u8]) -> Option<Interpreter> {
    match name {
        b"env" => Some(Interpreter::Env),
        b"node" | b"nodejs" => Some(Interpreter::Node),
        b"bun" => Some(Interpreter::Bun),
        b"deno" => Some(Interpreter::Deno),
        // Distributions that keep several versions call them `node-22` or `node22`.
        _ => name
            .strip_prefix(b"node")
            .filter(|rest| rest.iter().all(|byte| byte.is_ascii_digit() || b".-".contains(byte)))
            .map(|_| Interpreter::Node),
    }
}

/// Returns the last component of a path that is given as bytes.
pub(crate) fn base(path: &[u8]) -> &[u8] {
    layout::split(path).next_back().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(args: &[&str]) -> Option<(String, usize)> {
        let argv = RawArgv::from_args(args);
        script(&argv).map(|s| (String::from_utf8_lossy(s.path).into_owned(), s.index))
    }

    #[test]
    fn the_kernel_starts_a_script_through_env() {
        let cli = "../.bin/codex";
        assert_eq!(found(&["/usr/bin/env", "node", cli, "exec"]), Some((cli.into(), 2)));
        assert_eq!(found(&["node", cli, "exec", "other.js"]), Some((cli.into(), 1)));
        assert_eq!(
            found(&["/usr/bin/env", "-S node --no-warnings", cli, "-p"]),
            Some((cli.into(), 2))
        );
        assert_eq!(found(&["env", "-vSnode x.js", "y"]), Some(("x.js".into(), 1)));
    }

    #[test]
    fn assignments_and_options_of_env_are_skipped() {
        let args = ["env", "-i", "-u", "node", "A=b", "-C", "/x", "bun", "run", "codex.js"];
        assert_eq!(found(&args), Some(("codex.js".into(), 9)));
        assert_eq!(found(&["env", "claude", "-p"]), None, "the next exec tells");
        assert_eq!(found(&["env", "timeout", "5", "node", "codex.js"]), None);
        assert_eq!(found(&["env"]), None);
    }

    #[test]
    fn options_of_node_are_not_the_script() {
        let args = ["node", "--require", "./a.js", "--max-old-space-size=99", "cli.js", "-p"];
        assert_eq!(found(&args), Some(("cli.js".into(), 4)));
        assert_eq!(found(&["node", "--", "cli.js"]), Some(("cli.js".into(), 2)));
        for none in [&["node"][..], &["node", "-e", "cli.js"], &["node", "-"], &["python3", "x"]] {
            assert_eq!(found(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_multicall_program_is_env_only_by_name() {
        let exe = Path::new("/usr/bin/coreutils");
        assert_eq!(of(exe, &RawArgv::from_args(["/usr/bin/env", "node"])), Some(Interpreter::Env));
        assert_eq!(of(exe, &RawArgv::from_args(["cat"])), None);
        assert_eq!(
            of(Path::new("/opt/node-v22/bin/node"), &RawArgv::default()),
            by_name(b"node22")
        );
        assert_eq!(by_name(b"nodemon"), None);
    }

    proptest! {
        #[test]
        fn any_command_line_is_survived(args in proptest::collection::vec("[-=a-zS ]{0,8}|env|node|-S|--", 0..12)) {
            let argv = RawArgv::from_args(&args);
            if let Some(script) = script(&argv) {
                prop_assert!(script.index < args.len());
            }
        }
    }
}
