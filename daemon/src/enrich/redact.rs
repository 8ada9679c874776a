//! Command lines without their content.
//!
//! Redaction is by allow-list. Known commands and flag names stay as typed; a value stays only if
//! its flag is listed as carrying a path, one of a few words, a model's name, an id or an address,
//! *and* the value looks like one ([`Value`]). Everything else (prompts, unknown flags, JSON,
//! settings) becomes its length: `<41 bytes>`. An unknown flag loses its name as well, because
//! `--api-key=…` may be somebody's prompt, and `--sk-…` somebody's slip.
//!
//! [`grammar`] cuts a command line into flags, values and words as the agent's own parser does;
//! here those tokens become what may be recorded.

use std::path::PathBuf;

use crate::agents::layout::fits;
use crate::agents::{self, interpreter};
use crate::event::{RawArgv, os_string};

pub(crate) mod grammar;
pub(crate) mod value;

pub(crate) use grammar::{Command, Flag, Grammar, Naming, Token, Words};
pub(crate) use value::{Key, Value};

/// How many arguments are kept; of the rest only the number.
const MAX_ARGUMENTS: usize = 256;

/// How many arguments are looked at: a command line of megabytes must not cost milliseconds.
const MAX_READ: usize = 4096;

/// What a command line says, safe to record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The redacted command line: known flags and path values stand, all else is a length.
    pub(crate) argv: Vec<String>,
    /// The flags that matter for risk, in a normal form.
    pub(crate) flags: Vec<String>,
    /// What the agent was started to do; `unknown` where there is no command line.
    pub(crate) mode: &'static str,
    /// Directories that it names, with how they count as touched (`add-dir`, `chdir`), as typed.
    pub(crate) dirs: Vec<(&'static str, PathBuf)>,
}

/// Reads a command line by an agent's grammar, and keeps what may be recorded.
pub(crate) fn redact(argv: &RawArgv, grammar: &'static Grammar) -> Arguments {
    let mut redaction = Redaction::default();
    let first = first_own_argument(argv);
    for (index, argument) in argv.args().take(first).enumerate() {
        redaction.keep(started(argument, index + 1 == first, grammar), argument);
    }
    grammar.read(own_arguments(argv), |token| redaction.take(token));
    redaction.dropped += argv.args().skip(first + MAX_READ).count();
    redaction.finish(mode(argv, grammar))
}

/// Returns what an agent was started to do.
pub(crate) fn mode(argv: &RawArgv, grammar: &'static Grammar) -> &'static str {
    if argv.is_empty() {
        return "unknown";
    }
    let mut mode = grammar.mode;
    grammar.read(own_arguments(argv), |token| match token {
        _ if matches!(mode, "help" | "version") => {}
        Token::Command(command, _) => mode = command.mode,
        Token::Flag { flag, .. } => {
            if let Some((from, to)) = flag.mode
                && (from.is_empty() || from == mode)
            {
                mode = to;
            }
        }
        _ => {}
    });
    mode
}

/// Returns the id of the session that an agent was told to work in, where its arguments name one.
pub(crate) fn session(argv: &RawArgv, grammar: &'static Grammar) -> Option<String> {
    let (mut own, mut resumed) = (None, None);
    let (mut is_another, mut is_next) = (false, false);
    grammar.read(own_arguments(argv), |token| match token {
        Token::Command(command, _) => is_next = command.resumes,
        Token::Flag { flag, value, .. } => {
            let named = value.map(|(_, text)| text);
            match flag.session {
                Some(Naming::Own) => own = named,
                Some(Naming::Resumed) => resumed = named,
                Some(Naming::Another) => is_another = true,
                None => {}
            }
        }
        Token::Word { text, .. } if std::mem::take(&mut is_next) => resumed = Some(text),
        _ => {}
    });
    let named = own.or_else(|| resumed.filter(|_| !is_another))?;
    Value::Id.kept(named, 0)
}

/// Returns the arguments that the agent itself reads: those after its name, after the script that an
/// interpreter runs for it, or after the program that a launcher was given to start.
pub(crate) fn own_arguments(argv: &RawArgv) -> impl Iterator<Item = &[u8]> {
    argv.args().skip(first_own_argument(argv)).take(MAX_READ)
}

fn first_own_argument(argv: &RawArgv) -> usize {
    let starter = interpreter::script(argv).map_or(0, |script| script.index);
    let given = argv.get(starter + 1).filter(|argument| argument.starts_with(b"/"));
    // What the agent itself is given is never its program: a path there is content.
    let by_launcher = given.is_some_and(agents::is_program_name)
        && !argv.get(starter).is_some_and(agents::is_program_name);
    starter + 1 + usize::from(by_launcher)
}

/// Keeps an argument that started the agent: a known program's name, and at the end its script.
fn started(argument: &[u8], last: bool, grammar: &Grammar) -> Option<String> {
    let name = interpreter::base(argument);
    let bare = name.strip_suffix(b".exe").unwrap_or(name);
    let known = interpreter::may_be_interpreter(name)
        || grammar.programs.iter().any(|pattern| fits(pattern, bare));
    let script = last && grammar.scripts.iter().any(|known| known.as_bytes() == name);
    (known || script).then(|| Value::Path.kept(argument, 0)).flatten()
}

#[derive(Default)]
struct Redaction {
    arguments: Arguments,
    dropped: usize,
}

impl Redaction {
    fn take(&mut self, token: Token<'_>) {
        match token {
            Token::Command(_, name) => self.push(name.to_owned()),
            Token::Flag { flag, name, value: None } => {
                self.push(name.to_owned());
                self.note(flag, None, None);
            }
            Token::Flag { flag, name, value: Some((glue, text)) } => {
                // `-idea` is more likely a word of a prompt than the path `dea` after `-i`.
                let nth = usize::from(glue == Some(""));
                let kept = flag.value.kept(text, nth);
                let shown = kept.clone().unwrap_or_else(|| length(text));
                match glue {
                    None => [name.to_owned(), shown].into_iter().for_each(|text| self.push(text)),
                    Some(glue) => self.push(format!("{name}{glue}{shown}")),
                }
                self.note(flag, kept, Some((text, nth)));
            }
            Token::More { flag, nth, text } => {
                let kept = flag.value.kept(text, nth);
                self.keep(kept.clone(), text);
                self.note(flag, kept, Some((text, nth)));
            }
            Token::Word { value, text } => self.keep(value.kept(text, 0), text),
            Token::Mark(mark) => self.push(mark.to_owned()),
            Token::Unknown(text) => self.push(length(text)),
        }
    }

    /// Notes what a flag means for risk, and the directory that it names.
    fn note(&mut self, flag: &Flag, kept: Option<String>, value: Option<(&[u8], usize)>) {
        if let Some(how) = flag.dir
            && let Some((text, nth)) = value
            && value::is_path(text, nth)
            && self.arguments.dirs.len() < MAX_ARGUMENTS
        {
            self.arguments.dirs.push((how, os_string(text).into()));
        }
        let Some(name) = flag.risk else { return };
        let note = match (flag.value, kept) {
            (Value::Setting(keys), Some(setting)) => value::normal_setting(keys, name, &setting),
            (_, Some(kept)) => format!("{name}={kept}"),
            (_, None) => name.to_owned(),
        };
        let flags = &mut self.arguments.flags;
        if flags.len() < MAX_ARGUMENTS && !flags.contains(&note) {
            flags.push(note);
        }
    }

    fn keep(&mut self, kept: Option<String>, text: &[u8]) {
        self.push(kept.unwrap_or_else(|| length(text)));
    }

    fn push(&mut self, text: String) {
        if self.arguments.argv.len() < MAX_ARGUMENTS {
            self.arguments.argv.push(text);
        } else {
            self.dropped += 1;
        }
    }

    fn finish(mut self, mode: &'static str) -> Arguments {
        if self.dropped > 0 {
            self.arguments.argv.push(format!("<{} more>", self.dropped));
        }
        Arguments { mode, ..self.arguments }
    }
}

/// Returns what stands for a text that is not recorded.
pub(crate) fn length(text: &[u8]) -> String {
    format!("<{} bytes>", text.len())
}

#[cfg(test)]
mod tests;
