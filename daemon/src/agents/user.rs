//! Programs that the user's configuration adds to the catalogue: another path, another launcher.
//!
//! They are set once, before the first exec is looked at, and asked before the catalogue itself.
//! A program is known by its path; a script by its path and by the interpreter that runs it, since
//! that is what the kernel executes. Naming `bash` there makes the command line of every `bash`
//! worth a look: it costs what it costs, and only who asks for it pays.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::event::RawArgv;

use super::interpreter::{self, Script};
use super::layout::{self, components, ends_with, fits};
use super::{Agent, CATALOGUE, Image, Install, Recognised, Role, disk};

/// How such a program was installed: nobody but the user knows.
const LAYOUT: &str = "configured";

/// How many programs may be added: each is compared with every exec on the machine.
pub(crate) const MAX_PROGRAMS: usize = 64;

/// The kernel cuts a process's name to so many bytes.
const COMM: usize = 15;

static PROGRAMS: OnceLock<Programs> = OnceLock::new();

/// Adds programs to the catalogue. A process does this once; what comes later is ignored.
pub(crate) fn add(programs: &[Program], home: &Path) {
    PROGRAMS.get_or_init(|| Programs::new(programs, home));
}

/// Returns what was added.
pub(crate) fn programs() -> &'static Programs {
    static NONE: Programs = Programs(Vec::new());
    PROGRAMS.get().unwrap_or(&NONE)
}

/// A program that the configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    agent: &'static str,
    path: String,
    is_wrapper: bool,
    interpreter: Option<String>,
}

/// Programs as they are compared with processes.
#[derive(Default)]
pub(crate) struct Programs(Vec<Entry>);

struct Entry {
    program: Program,
    agent: &'static dyn Agent,
    /// The path as the kernel knows it, where the one that was named leads there through a link.
    resolved: OnceLock<PathBuf>,
}

impl Program {
    /// Takes what was typed, or says which key is wrong and why. Quotes no value.
    pub(crate) fn new(
        agent: &'static str,
        path: String,
        role: Option<&str>,
        interpreter: Option<String>,
    ) -> Result<Self, (&'static str, String)> {
        let is_wrapper = match role {
            None | Some("agent") => false,
            Some("wrapper") => true,
            Some(_) => return Err(("role", "is neither agent nor wrapper".into())),
        };
        check_path(&path).map_err(|why| ("path", why.into()))?;
        let name = path.rsplit('/').next().unwrap_or_default();
        if is_interpreter(name) {
            return Err((
                "path",
                "names an interpreter; name the script, and it under interpreter".into(),
            ));
        }
        if let Some(interpreter) = &interpreter {
            check_name(interpreter).map_err(|why| ("interpreter", why.into()))?;
        }
        Ok(Self { agent, path, is_wrapper, interpreter })
    }
}

/// Returns the names of the agents that a program can be of.
pub(crate) fn agents() -> String {
    CATALOGUE.iter().map(|agent| agent.name()).collect::<Vec<_>>().join(", ")
}

/// Returns an agent by its name in records.
pub(crate) fn by_name(name: &str) -> Option<&'static dyn Agent> {
    CATALOGUE.iter().copied().find(|agent| agent.name() == name)
}

/// Refuses a path that can never fit, or fits what nobody can mean.
fn check_path(path: &str) -> Result<(), &'static str> {
    let relative = path.strip_prefix("~/").or(path.strip_prefix('/')).unwrap_or(path);
    let parts = relative.split('/').count();
    if relative == path && parts < 2 {
        return Err("is a bare name: any file may have it; name a directory too");
    }
    if path.chars().any(char::is_control) {
        return Err("has a control character in it");
    }
    for part in relative.split('/') {
        match part {
            "" => return Err("has an empty name in it"),
            "." | ".." => return Err("has . or .. in it, which the kernel never shows"),
            _ if part.matches('*').count() > 1 => return Err("has two * in one name"),
            _ => {}
        }
    }
    if relative.ends_with("/*") || relative == "*" {
        return Err("ends in *: that is every program there");
    }
    Ok(())
}

/// Refuses what is no file name, or every one.
fn check_name(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("is empty"),
        "*" => Err("is every program"),
        _ if name.contains('/') => Err("is a path; name the file alone"),
        _ if name.matches('*').count() > 1 => Err("has two * in it"),
        _ => Ok(()),
    }
}

/// Whether a name is that of a program that runs others' scripts.
fn is_interpreter(name: &str) -> bool {
    const SHELLS: &[&str] =
        &["sh", "bash", "dash", "zsh", "fish", "ksh", "ash", "python*", "perl*", "ruby*"];
    interpreter::may_be_interpreter(name.as_bytes())
        || SHELLS.iter().any(|shell| fits(shell, name.as_bytes()))
}

fn is_option(argument: &[u8]) -> bool {
    argument.starts_with(b"-")
}

/// Whether an option says that no script follows: a shell's `-c`, Python's `-m`.
fn is_command(argument: &[u8]) -> bool {
    is_option(argument)
        && !argument.starts_with(b"--")
        && matches!(argument.last(), Some(b'c' | b'm'))
}

impl Programs {
    /// Takes programs as they were configured; `~` is `home`.
    pub(crate) fn new(programs: &[Program], home: &Path) -> Self {
        let entry = |program: &Program| {
            let mut program = program.clone();
            if let (Some(rest), Some(home)) = (program.path.strip_prefix("~/"), home.to_str()) {
                program.path = format!("{}/{rest}", home.trim_end_matches('/'));
            }
            let agent = by_name(program.agent)?;
            Some(Entry { program, agent, resolved: OnceLock::new() })
        };
        Self(programs.iter().filter_map(entry).collect())
    }

    /// Whether an executable is one of these programs, or an interpreter of one. Cheap, as
    /// [`super::candidate`] is.
    pub(crate) fn may_be(&self, exe: &Path) -> bool {
        self.0.iter().any(|entry| match &entry.program.interpreter {
            None => entry.is(exe),
            Some(interpreter) => fits(interpreter, layout::file_name(exe)),
        })
    }

    /// Recognises a process. Looks at nothing but its argument.
    pub(crate) fn recognise(&self, image: &Image<'_>) -> Option<Recognised> {
        let exe = image.exe?;
        let entry = self.0.iter().find(|entry| match &entry.program.interpreter {
            None => entry.is(exe),
            Some(interpreter) => {
                fits(interpreter, layout::file_name(exe))
                    && image.script.is_some_and(|script| entry.is(script))
            }
        })?;
        let role =
            if entry.program.is_wrapper { Role::Wrapper } else { entry.agent.role(image.argv) };
        Some(Recognised { agent: entry.agent, role, layout: LAYOUT })
    }

    /// Finds the script that an interpreter runs, where its name is one of these.
    pub(crate) fn script<'a>(&self, interpreter: &[u8], argv: &'a RawArgv) -> Option<Script<'a>> {
        let interpreter = layout::without_exe(interpreter);
        let runs = |entry: &&Entry| {
            entry.program.interpreter.as_deref().is_some_and(|known| fits(known, interpreter))
        };
        let mut entries = self.0.iter().filter(runs).peekable();
        entries.peek()?;
        let (index, path) = argv
            .args()
            .enumerate()
            .skip(1)
            .find(|(_, text)| !is_option(text) || is_command(text))?;
        let name = interpreter::base(path);
        entries.any(|entry| entry.has_name(name)).then_some(Script { path, index })
    }

    /// Whether one of these programs may have this `comm`. An interpreter's own name is none: what
    /// is started as `bash SCRIPT` and ends at once would make every `bash` unnamed.
    pub(crate) fn may_have_comm(&self, comm: &[u8]) -> bool {
        self.0.iter().any(|entry| {
            let name = entry.name();
            let start = name.split('*').next().unwrap_or_default().as_bytes();
            let is_cut = comm.len() == COMM && (name.contains('*') || name.len() > COMM);
            fits(name, comm) || (is_cut && comm.starts_with(&start[..start.len().min(COMM)]))
        })
    }

    /// Whether a program is an agent's by the configuration.
    pub(crate) fn is_agents(&self, exe: &Path) -> bool {
        self.0.iter().any(|entry| entry.is_program() && entry.is(exe))
    }

    /// Returns the version that a program's path tells.
    pub(crate) fn version(&self, program: &Path) -> Option<String> {
        let entry = self.0.iter().find(|entry| entry.is(program))?;
        layout::version_in_path(entry.pattern(), program)
    }

    /// Finds these programs on disk, and where their paths lead. Touches the disk.
    pub(crate) fn installed(&self) -> Vec<Install> {
        self.0.iter().flat_map(Entry::installed).collect()
    }
}

impl Entry {
    /// Whether it is the agent's program itself.
    fn is_program(&self) -> bool {
        !self.program.is_wrapper && self.program.interpreter.is_none()
    }

    /// The path without its root: components are compared.
    fn pattern(&self) -> &str {
        self.program.path.trim_start_matches('/')
    }

    fn name(&self) -> &str {
        self.program.path.rsplit('/').next().unwrap_or_default()
    }

    fn is_absolute(&self) -> bool {
        self.program.path.starts_with('/')
    }

    fn is(&self, path: &Path) -> bool {
        let is_whole = || components(path).count() == self.pattern().split('/').count();
        ends_with(path, self.pattern()) && (!self.is_absolute() || is_whole())
            || self.resolved.get().is_some_and(|resolved| resolved == path)
    }

    fn has_name(&self, name: &[u8]) -> bool {
        let resolved = self.resolved.get().and_then(|path| path.file_name());
        fits(self.name(), name)
            || resolved.is_some_and(|resolved| resolved.as_encoded_bytes() == name)
    }

    fn installed(&self) -> Vec<Install> {
        if !self.is_absolute() {
            return Vec::new();
        }
        let files = disk::expand(Path::new("/"), self.pattern());
        if let ([file], false) = (&files[..], self.pattern().contains('*')) {
            self.resolved.get_or_init(|| file.clone());
        }
        let programs = files.into_iter().filter(|_| self.is_program());
        let agent = self.agent.name();
        let version = |exe: &Path| layout::version_in_path(self.pattern(), exe);
        programs.map(|exe| Install { agent, version: version(&exe), exe }).collect()
    }
}

#[cfg(test)]
mod tests;
