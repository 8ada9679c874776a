//! Reads the command lines that agents give to a shell: which paths they read, write and delete,
//! in which directories they work, and what could not be told.
//!
//! Pure: text in, paths out; no disk, no clock, no environment. The text is parsed in memory and
//! dropped: nothing that leaves the module can hold any of it but paths. What it yields is
//! `inferred`: the line says what was asked for, not what happened. The caller knows the outcome.
//!
//! # What is told
//!
//! Precision first: where an argument may be a pattern, a script or a message, or an option is not
//! known, nothing is returned and a [`Reason`] is counted.
//!
//! * What follows `&&`, loops over literal words and functions that are called are
//!   [`Likelihood::Stated`]. The right side of `||` and of a test (`[ … ] &&`), branches and bodies
//!   of `while` are [`Likelihood::Possible`]. Where branches leave different directories or
//!   variables behind, these are unknown from there on.
//! * A `cd` is taken to succeed; after one that cannot be resolved, relative paths are not told.
//! * A glob names the directory that it looks in: [`Target::Within`], with what was done to the
//!   matches, and [`Reason::Glob`]. The same for what `find` finds and what an archive holds.
//! * Programs whose work is their own (`make`, `python x.py`) are [`How::Command`] in their directory and
//!   [`Reason::Program`]; a sourced file is taken to change neither directory nor variables.
//! * Paths are resolved lexically, `..` too; symbolic links are the caller's to resolve.
//!
//! # Why a parser of our own
//!
//! `brush-parser` (MIT, kept well) keeps the last texts in process-wide caches, ends the process by
//! stack overflow at a thousand nested `$(`, and brings some eighty packages; `yash-syntax` is GPL;
//! `conch-parser` has been at rest since 2019 and recurses without a limit; `tree-sitter-bash` is a
//! C library. What is needed here is small, and has to be bounded.
//!
//! # Limits
//!
//! [`MAX_TEXT`] bytes, [`MAX_DEPTH`] levels, [`MAX_WORK`] steps, [`MAX_TOUCHES`] results; the time is linear in the
//! text. What is beyond is counted as [`Reason::TooLarge`].

use std::path::{Path, PathBuf};

use self::walk::Walk;

mod arguments;
mod braces;
mod catalogue;
mod commands;
mod expand;
mod parser;
mod paths;
mod scope;
mod syntax;
mod walk;
mod words;

#[cfg(test)]
mod tests;

/// Longest text that is read, in bytes.
pub(crate) const MAX_TEXT: usize = 256 * 1024;
/// Deepest nesting, of syntax as well as of calls.
pub(crate) const MAX_DEPTH: u32 = 48;
/// Most work for one text: a unit is a command or 64 bytes of expanded words.
pub(crate) const MAX_WORK: u32 = 50_000;
/// Most touches of one text.
pub(crate) const MAX_TOUCHES: usize = 4096;

/// What a command line tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// In order of first appearance, each once.
    pub(crate) touches: Vec<ShellTouch>,
    /// Where the shell is afterwards; absent where that cannot be told.
    pub(crate) cwd_after: Option<PathBuf>,
    /// What could not be told.
    pub(crate) unresolved: Unresolved,
}

/// One path, and what was to be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShellTouch {
    /// Absolute and lexically normalised.
    pub(crate) path: PathBuf,
    pub(crate) how: How,
    pub(crate) target: Target,
    pub(crate) likelihood: Likelihood,
}

/// What is done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum How {
    Read,
    /// Written, whether it was there before or not.
    Write,
    /// Made: a directory, a link, a clone, an empty file.
    Create,
    Delete,
    /// Given another name; that one is a [`How::Write`].
    Rename,
    /// Listed, or looked through for names or contents.
    Search,
    /// The shell went there.
    Chdir,
    /// A program worked there.
    Command,
}

/// What the path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    File,
    Directory,
    /// A file or a directory: only the disk can tell.
    Either,
    /// Something within this directory that is not named; the directory itself is not meant.
    Within,
}

/// Whether the line says that it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likelihood {
    /// If the line ran to its end.
    Stated,
    /// Only if some condition held.
    Possible,
}

/// Why something could not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Not understood as shell.
    Syntax,
    /// Beyond a limit.
    TooLarge,
    /// A variable whose value is not in the line.
    Variable,
    /// The output of a command is an argument.
    Substitution,
    /// A glob: its directory is told, not its matches.
    Glob,
    /// A relative path where the directory is unknown.
    Directory,
    /// A command that is not in the catalogue.
    Command,
    /// A command with options or operands that leave open which arguments are paths.
    Option,
    /// Names come from the input (`xargs`).
    Input,
    /// A path with control characters, or too long.
    Path,
    /// Text that is made into commands at run time (`eval`).
    Eval,
    /// It happens on another machine or in a container.
    Elsewhere,
    /// What a program does by itself: not to be told from any command line.
    Program,
}

impl Reason {
    /// Every reason.
    pub(crate) const ALL: [Self; 13] = [
        Self::Syntax,
        Self::TooLarge,
        Self::Variable,
        Self::Substitution,
        Self::Glob,
        Self::Directory,
        Self::Command,
        Self::Option,
        Self::Input,
        Self::Path,
        Self::Eval,
        Self::Elsewhere,
        Self::Program,
    ];

    /// Returns the word for it.
    #[cfg_attr(not(test), expect(dead_code, reason = "asked by tests only"))]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::TooLarge => "too-large",
            Self::Variable => "variable",
            Self::Substitution => "substitution",
            Self::Glob => "glob",
            Self::Directory => "directory",
            Self::Command => "command",
            Self::Option => "option",
            Self::Input => "input",
            Self::Path => "path",
            Self::Eval => "eval",
            Self::Elsewhere => "elsewhere",
            Self::Program => "program",
        }
    }
}

/// How often something could not be told, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unresolved([u32; Reason::ALL.len()]);

impl Unresolved {
    /// Returns how often it was for this reason.
    pub(crate) fn get(&self, reason: Reason) -> u32 {
        self.0[reason as usize]
    }

    /// Iterates over the reasons that there were.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Reason, u32)> {
        Reason::ALL
            .into_iter()
            .map(|reason| (reason, self.get(reason)))
            .filter(|(_, count)| *count > 0)
    }

    /// Whether the line itself told everything. What programs do by themselves is not asked here:
    /// no line tells it.
    #[cfg_attr(not(test), expect(dead_code, reason = "asked by tests only"))]
    pub(crate) fn is_empty(&self) -> bool {
        self.iter().all(|(reason, _)| reason == Reason::Program)
    }

    /// Whether programs ran whose work no command line tells.
    #[cfg_attr(not(test), expect(dead_code, reason = "asked by tests only"))]
    pub(crate) fn has_programs(&self) -> bool {
        self.get(Reason::Program) > 0
    }

    fn add(&mut self, reason: Reason) {
        let count = &mut self.0[reason as usize];
        *count = count.saturating_add(1);
    }
}

/// Reads the text of a shell call that starts in `cwd`.
pub(crate) fn read(command: &str, cwd: &Path, home: Option<&Path>) -> Reading {
    let mut walk = Walk::new(cwd, home);
    walk.text(command);
    walk.finish()
}

/// Reads a call that is a list of arguments, such as `["bash", "-lc", "…"]`.
#[cfg_attr(not(test), expect(dead_code, reason = "asked by tests only"))]
pub(crate) fn read_arguments<S: AsRef<str>>(
    arguments: &[S],
    cwd: &Path,
    home: Option<&Path>,
) -> Reading {
    let mut walk = Walk::new(cwd, home);
    walk.arguments(arguments.iter().map(AsRef::as_ref));
    walk.finish()
}
