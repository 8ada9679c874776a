//! What a shell carries from one command to the next: directory, variables, functions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use super::syntax::Command;
use super::{Likelihood, Reason};

/// Most variables that are kept; further ones stay unknown.
const MAX_VARIABLES: usize = 256;
/// Longest value that is kept.
const MAX_VALUE: usize = 8192;

/// One argument as far as it is known.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Field {
    Text(String),
    /// With a glob in it; its matches lie below the directory that `text[..cut]` names.
    Pattern {
        text: String,
        cut: usize,
    },
    /// `lead` is what is known of its begin. If `many`, it may be any number of arguments.
    Unknown {
        why: Reason,
        lead: String,
        many: bool,
    },
}

impl Field {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn unknown(why: Reason) -> Self {
        Self::Unknown { why, lead: String::new(), many: false }
    }

    /// Stands for whatever lies within a directory.
    pub(super) fn within(directory: &str) -> Self {
        let mut text = directory.to_owned();
        if !text.is_empty() && !text.ends_with('/') {
            text.push('/');
        }
        let cut = text.len();
        text.push('*');
        Self::Pattern { text, cut }
    }

    /// Returns the text as the program would get it if a glob had no match.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Pattern { text, .. } => Some(text),
            Self::Unknown { .. } => None,
        }
    }

    /// Returns the text where it is exactly that.
    pub(super) fn exact(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns what is known of its begin.
    pub(super) fn lead(&self) -> &str {
        match self {
            Self::Text(text) | Self::Pattern { text, .. } => text,
            Self::Unknown { lead, .. } => lead,
        }
    }

    pub(super) fn is_many(&self) -> bool {
        matches!(self, Self::Unknown { many: true, .. })
    }

    /// Returns what follows the first `length` bytes of what is known.
    pub(super) fn after(&self, length: usize) -> Self {
        match self {
            Self::Text(text) => Self::Text(text[length..].to_owned()),
            Self::Pattern { text, cut } => {
                Self::Pattern { text: text[length..].to_owned(), cut: cut.saturating_sub(length) }
            }
            Self::Unknown { why, lead, .. } => {
                Self::Unknown { why: *why, lead: lead[length..].to_owned(), many: false }
            }
        }
    }
}

/// The state of a shell. Cheap to clone: subshells and branches do.
#[derive(Clone)]
pub(super) struct Scope {
    /// Absent where it cannot be told.
    pub(super) cwd: Option<PathBuf>,
    pub(super) previous: Option<PathBuf>,
    pub(super) stack: Vec<Option<PathBuf>>,
    pub(super) likelihood: Likelihood,
    /// `exit` has been reached.
    pub(super) ended: bool,
    /// A `break`, `continue` or `return` may have been reached: what follows is only possible.
    pub(super) skipping: bool,
    /// Whether commands get a pipe or a file as input unless they say otherwise.
    pub(super) piped: bool,
    variables: Rc<BTreeMap<String, Rc<[Field]>>>,
    functions: Rc<BTreeMap<String, Rc<Command>>>,
}

impl Scope {
    pub(super) fn new(cwd: Option<PathBuf>) -> Self {
        Self {
            cwd,
            previous: None,
            stack: Vec::new(),
            likelihood: Likelihood::Stated,
            ended: false,
            skipping: false,
            piped: false,
            variables: Rc::default(),
            functions: Rc::default(),
        }
    }

    pub(super) fn change_directory(&mut self, to: Option<PathBuf>) {
        self.previous = std::mem::replace(&mut self.cwd, to);
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Rc<[Field]>> {
        self.variables.get(name)
    }

    pub(super) fn assign(&mut self, name: &str, value: Rc<[Field]>) {
        let size: usize = value.iter().map(|field| field.lead().len()).sum();
        let known = self.variables.contains_key(name);
        if size > MAX_VALUE || (!known && self.variables.len() >= MAX_VARIABLES) {
            if known {
                self.forget(name);
            }
            return;
        }
        Rc::make_mut(&mut self.variables).insert(name.to_owned(), value);
    }

    /// Makes a variable's value unknown.
    pub(super) fn forget(&mut self, name: &str) {
        self.assign(name, Rc::new([Field::unknown(Reason::Variable)]));
    }

    pub(super) fn function(&self, name: &str) -> Option<Rc<Command>> {
        self.functions.get(name).cloned()
    }

    pub(super) fn define(&mut self, name: &str, body: &Rc<Command>) {
        if self.functions.len() < MAX_VARIABLES {
            Rc::make_mut(&mut self.functions).insert(name.to_owned(), Rc::clone(body));
        }
    }

    /// Takes the positional parameters of another scope.
    pub(super) fn restore_positional(&mut self, other: &Self) {
        const NAMES: [&str; 11] = ["@", "*", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        for name in NAMES {
            match other.variables.get(name) {
                Some(value) => self.assign(name, Rc::clone(value)),
                None => {
                    Rc::make_mut(&mut self.variables).remove(name);
                }
            }
        }
    }

    /// Joins with what another way through the text has led to: what differs is unknown.
    pub(super) fn merge(&mut self, other: Self) {
        if other.ended {
            return;
        }
        if self.ended {
            *self = other;
            return;
        }
        self.likelihood = self.likelihood.max(if other.skipping {
            Likelihood::Possible
        } else {
            self.likelihood
        });
        self.skipping |= other.skipping;
        if self.cwd != other.cwd {
            self.cwd = None;
        }
        if self.previous != other.previous {
            self.previous = None;
        }
        if self.stack != other.stack {
            self.stack.clear();
        }
        self.merge_variables(&other);
        if !Rc::ptr_eq(&self.functions, &other.functions) {
            self.functions = other.functions;
        }
    }

    fn merge_variables(&mut self, other: &Self) {
        if Rc::ptr_eq(&self.variables, &other.variables) {
            return;
        }
        let (ours, theirs) = (Rc::clone(&self.variables), Rc::clone(&other.variables));
        for name in ours.keys().chain(theirs.keys()) {
            if ours.get(name) != theirs.get(name) {
                self.forget(name);
            }
        }
    }

    /// Whether directory and variables are as in another scope.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.cwd == other.cwd
            && (Rc::ptr_eq(&self.variables, &other.variables) || self.variables == other.variables)
    }
}
