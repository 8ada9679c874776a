//! What the parser makes of a text. Lives on the stack of one reading, and ends with it.

use std::cell::OnceCell;
use std::rc::Rc;

/// Commands in order.
pub(super) type List = Vec<AndOr>;

/// Pipelines joined by `&&` and `||`.
pub(super) struct AndOr {
    pub(super) first: Pipeline,
    pub(super) rest: Vec<(Join, Pipeline)>,
    /// Ended by `&`: it runs in a shell of its own.
    pub(super) background: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

/// Commands joined by `|`.
pub(super) type Pipeline = Vec<Command>;

pub(super) struct Command {
    pub(super) kind: Kind,
    pub(super) redirects: Vec<Redirect>,
}

pub(super) enum Kind {
    Simple {
        assignments: Vec<Assignment>,
        words: Vec<Word>,
    },
    Group(List),
    Subshell(List),
    /// Pairs of condition and body, and what `else` has.
    If {
        arms: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    While {
        condition: List,
        body: List,
    },
    /// Without words it runs over the positional parameters; `None` also for `for ((…))`.
    For {
        name: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    Case {
        subject: Word,
        arms: Vec<List>,
    },
    Function {
        name: String,
        body: Rc<Command>,
    },
    /// `[[ … ]]`: only what is run inside matters.
    Test(Vec<Word>),
    Arithmetic,
}

pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: Value,
}

pub(super) enum Value {
    Word(Word),
    Array(Vec<Word>),
    /// `+=`, or one element of an array: afterwards the value is not known.
    Changed(Word),
}

pub(super) struct Redirect {
    pub(super) kind: Direction,
    pub(super) target: Word,
}

pub(super) enum Direction {
    Read,
    Write,
    /// `>&word`, `<&word`: a file unless the word is a number or `-`.
    Duplicate,
    /// `<<<word`.
    Text,
    /// `<<word`: the body is filled in when the parser comes to it.
    Here(Rc<OnceCell<Word>>),
}

#[derive(Default)]
pub(super) struct Word(pub(super) Vec<Part>);

pub(super) enum Part {
    /// As it stands: braces, tildes and globs mean something.
    Plain(String),
    /// Means itself.
    Quoted(String),
    Parameter {
        name: String,
        subscript: Subscript,
        fallback: Fallback,
        quoted: bool,
    },
    Substitution {
        body: Rc<List>,
        quoted: bool,
    },
    /// `<(…)`, `>(…)`: a path that the shell makes up.
    Process(Rc<List>),
    /// `$((…))`: a number.
    Number,
}

/// What stands in brackets after a parameter's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subscript {
    None,
    /// `[@]`, `[*]`.
    All,
    Other,
}

/// What `${name…}` does besides naming a parameter.
pub(super) enum Fallback {
    Nothing,
    /// `:-`, `-`, `:=`, `=`: the word where it is not set.
    Default(Word),
    /// Anything else; the word is read only for what is run in it.
    Opaque(Word),
}

impl Word {
    /// Returns the word's text where all of it is plain.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Plain(text)] => Some(text),
            _ => None,
        }
    }

    /// Returns the word's text where nothing of it is expanded, without its quotes, and whether there were any.
    pub(super) fn literal(&self) -> Option<(String, bool)> {
        let mut text = String::new();
        let mut quoted = false;
        for part in &self.0 {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Quoted(literal) => {
                    quoted = true;
                    text.push_str(literal);
                }
                _ => return None,
            }
        }
        Some((text, quoted))
    }
}
