//! How an agent cuts its command line into flags, values and words.
//!
//! The tables belong to the agents; this is the reading of them. Both agents' parsers (commander and
//! clap) agree on nearly everything: `--flag value`, `--flag=value`, clustered short flags of which
//! the last may carry a value, `--` as the end of options, and flags that take every argument up to
//! the next flag. Where they differ is [`Words`].
//!
//! A flag that may carry a value is one only in a command that lists it, and what follows the name
//! of another program ([`Command::foreign_from`]) is never read: its flags may look like ours.

use super::value::Value;

/// A longer cluster of flags is a word: reading it must not cost milliseconds.
const MAX_CLUSTER: usize = 16;

/// What an agent's command line may contain.
#[derive(Debug)]
pub(crate) struct Grammar {
    /// Names under which the agent itself is started; patterns of `agents::layout`.
    pub(crate) programs: &'static [&'static str],
    /// Names of the scripts that start it.
    pub(crate) scripts: &'static [&'static str],
    /// Flags that every command has.
    pub(crate) everywhere: &'static [Flag],
    /// Groups of the further flags that it has without a command.
    pub(crate) flags: &'static [&'static [Flag]],
    pub(crate) commands: &'static [Command],
    pub(crate) words: Words,
    /// What it does without a command.
    pub(crate) mode: &'static str,
}

/// Which words may be commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// The first one, even after `--` (commander).
    First,
    /// Any one before `--` (clap).
    Any,
}

/// A command, or a command of a command.
#[derive(Debug)]
pub(crate) struct Command {
    /// Its name, then its aliases.
    pub(crate) names: &'static [&'static str],
    /// What the agent does then.
    pub(crate) mode: &'static str,
    pub(crate) commands: &'static [Self],
    /// Groups of the flags that it has beside those of every command.
    pub(crate) flags: &'static [&'static [Flag]],
    /// What its words carry.
    pub(crate) value: Value,
    /// From which of its words on all is another program's command line; 1 is the first.
    pub(crate) foreign: Option<usize>,
    /// Whether its first word is the id of a session that it goes on with.
    pub(crate) resumes: bool,
}

impl Command {
    /// A command whose words are content.
    pub(crate) const fn new(names: &'static [&'static str], mode: &'static str) -> Self {
        let value = Value::Hidden;
        Self { names, mode, commands: &[], flags: &[], value, foreign: None, resumes: false }
    }

    /// Has commands of its own.
    pub(crate) const fn with(self, commands: &'static [Self]) -> Self {
        Self { commands, ..self }
    }

    /// Has flags of its own.
    pub(crate) const fn has(self, flags: &'static [&'static [Flag]]) -> Self {
        Self { flags, ..self }
    }

    /// Its words may carry such a value.
    pub(crate) const fn of(self, value: Value) -> Self {
        Self { value, ..self }
    }

    /// Goes on with the session that its first word names.
    pub(crate) const fn resumes(self) -> Self {
        Self { value: Value::Id, resumes: true, ..self }
    }

    /// Reads nothing from its `nth` word on: what follows is another program's.
    pub(crate) const fn foreign_from(self, nth: usize) -> Self {
        Self { foreign: Some(nth), ..self }
    }

    /// Returns its name as typed, where a word is one of its names.
    fn typed(&self, word: &[u8]) -> Option<&'static str> {
        self.names.iter().copied().find(|name| name.as_bytes() == word)
    }
}

/// How many arguments belong to a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// None.
    Nothing,
    /// The next argument, whatever it looks like.
    One,
    /// The next argument, unless it looks like a flag.
    Perhaps,
    /// The next argument, and all up to the next flag.
    Many,
}

/// What a flag tells of the session that is worked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Its value is the id of that session, whatever else is named.
    Own,
    /// Its value is the id of a session that is resumed.
    Resumed,
    /// A session that is resumed is not the one that is worked in.
    Another,
}

/// A flag.
#[derive(Debug)]
pub(crate) struct Flag {
    /// Its names with their dashes, the best known first.
    pub(crate) names: &'static [&'static str],
    pub(crate) takes: Takes,
    pub(crate) value: Value,
    /// Its name among the flags that matter for risk.
    pub(crate) risk: Option<&'static str>,
    /// In which mode it changes the mode, and to what; an empty one is any.
    pub(crate) mode: Option<(&'static str, &'static str)>,
    /// How the directories that it names count as touched.
    pub(crate) dir: Option<&'static str>,
    /// What it tells of the session that is worked in.
    pub(crate) session: Option<Naming>,
}

impl Flag {
    /// A flag without a value.
    pub(crate) const fn switch(names: &'static [&'static str]) -> Self {
        let (takes, value) = (Takes::Nothing, Value::Hidden);
        Self { names, takes, value, risk: None, mode: None, dir: None, session: None }
    }

    /// A flag with one value.
    pub(crate) const fn one(names: &'static [&'static str], value: Value) -> Self {
        Self { takes: Takes::One, value, ..Self::switch(names) }
    }

    /// A flag that may have a value.
    pub(crate) const fn perhaps(names: &'static [&'static str], value: Value) -> Self {
        Self { takes: Takes::Perhaps, value, ..Self::switch(names) }
    }

    /// A flag with values up to the next flag.
    pub(crate) const fn many(names: &'static [&'static str], value: Value) -> Self {
        Self { takes: Takes::Many, value, ..Self::switch(names) }
    }

    /// Matters for risk, under its first name.
    pub(crate) const fn risk(self) -> Self {
        Self { risk: Some(self.names[0]), ..self }
    }

    /// Turns mode `from` into mode `to`.
    pub(crate) const fn mode(self, from: &'static str, to: &'static str) -> Self {
        Self { mode: Some((from, to)), ..self }
    }

    /// Tells something of the session that is worked in.
    pub(crate) const fn session(self, naming: Naming) -> Self {
        Self { session: Some(naming), ..self }
    }

    /// Names directories.
    pub(crate) const fn dir(self, how: &'static str) -> Self {
        Self { dir: Some(how), ..self }
    }
}

/// One piece of a command line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token<'a> {
    /// A command as typed.
    Command(&'static Command, &'static str),
    /// A known flag as typed. Its value comes with what joins the two; `None` is a separate argument.
    Flag {
        flag: &'static Flag,
        name: &'static str,
        value: Option<(Option<&'static str>, &'a [u8])>,
    },
    /// A further value of a flag that takes many.
    More { flag: &'static Flag, nth: usize, text: &'a [u8] },
    /// Anything else that is no flag.
    Word { value: Value, text: &'a [u8] },
    /// `--` or `-`.
    Mark(&'static str),
    /// What looks like a flag and is none that is known.
    Unknown(&'a [u8]),
}

impl Grammar {
    /// Reads the arguments after the program's name.
    pub(crate) fn read<'a>(
        &'static self,
        arguments: impl Iterator<Item = &'a [u8]>,
        emit: impl FnMut(Token<'a>),
    ) {
        Reader {
            grammar: self,
            rest: arguments.peekable(),
            emit,
            commands: self.commands,
            command: None,
            words: 0,
            open: None,
            ended: false,
        }
        .read();
    }

    fn flag(
        &'static self,
        command: Option<&'static Command>,
        typed: &[u8],
    ) -> Option<(&'static Flag, &'static str)> {
        let own = command.map_or(self.flags, |command| command.flags);
        self.everywhere.iter().chain(own.iter().copied().flatten()).find_map(|flag| {
            let name = flag.names.iter().find(|name| name.as_bytes() == typed)?;
            Some((flag, *name))
        })
    }
}

struct Reader<'a, I: Iterator<Item = &'a [u8]>, E> {
    grammar: &'static Grammar,
    rest: std::iter::Peekable<I>,
    emit: E,
    commands: &'static [Command],
    command: Option<&'static Command>,
    /// Words since the last command.
    words: usize,
    /// The flag that takes the words that come, and how many it has.
    open: Option<(&'static Flag, usize)>,
    ended: bool,
}

impl<'a, I: Iterator<Item = &'a [u8]>, E: FnMut(Token<'a>)> Reader<'a, I, E> {
    fn read(mut self) {
        while let Some(argument) = self.rest.next() {
            match argument {
                _ if self.ended => self.word(argument),
                b"--" => {
                    self.ended = true;
                    (self.emit)(Token::Mark("--"));
                }
                _ if !looks_like_flag(argument) => self.word_or_value(argument),
                _ => {
                    self.open = None;
                    self.flag(argument);
                }
            }
        }
    }

    fn word_or_value(&mut self, text: &'a [u8]) {
        match self.open {
            Some((flag, nth)) => {
                self.open = Some((flag, nth + 1));
                (self.emit)(Token::More { flag, nth, text });
            }
            None => self.word(text),
        }
    }

    fn word(&mut self, text: &'a [u8]) {
        let place = match self.grammar.words {
            Words::First => self.words == 0,
            Words::Any => !self.ended,
        };
        let mut named = self.commands.iter().filter_map(|c| Some((c, c.typed(text)?)));
        if let Some((command, name)) = named.next().filter(|_| place) {
            (self.commands, self.command, self.words) = (command.commands, Some(command), 0);
            return (self.emit)(Token::Command(command, name));
        }
        self.words += 1;
        let foreign = self.command.and_then(|command| command.foreign);
        self.ended |= foreign.is_some_and(|nth| self.words >= nth);
        (self.emit)(match text {
            b"-" => Token::Mark("-"),
            _ => Token::Word { value: self.command.map_or(Value::Hidden, |c| c.value), text },
        });
    }

    fn flag(&mut self, argument: &'a [u8]) {
        if let Some((flag, name)) = self.known(argument) {
            self.flag_alone(flag, name);
        } else if argument.starts_with(b"--") {
            self.flag_with_value(argument);
        } else {
            self.cluster(argument);
        }
    }

    fn known(&self, typed: &[u8]) -> Option<(&'static Flag, &'static str)> {
        self.grammar.flag(self.command, typed)
    }

    /// Reads `--flag` or `-f` with what follows.
    fn flag_alone(&mut self, flag: &'static Flag, name: &'static str) {
        let value = match flag.takes {
            Takes::Nothing => None,
            Takes::One | Takes::Many => self.rest.next(),
            Takes::Perhaps => self.rest.next_if(|next| !looks_like_flag(next)),
        };
        self.open = (flag.takes == Takes::Many).then_some((flag, 1));
        (self.emit)(Token::Flag { flag, name, value: value.map(|text| (None, text)) });
    }

    /// Reads `--flag=value`.
    fn flag_with_value(&mut self, argument: &'a [u8]) {
        let equals = argument.iter().position(|byte| *byte == b'=');
        let known = equals.and_then(|at| {
            let (flag, name) = self.known(&argument[..at])?;
            let value = Some((Some("="), &argument[at + 1..]));
            (flag.takes != Takes::Nothing).then_some(Token::Flag { flag, name, value })
        });
        (self.emit)(known.unwrap_or(Token::Unknown(argument)));
    }

    /// Reads `-abc`: flags of one letter, of which the last may take the rest as its value.
    fn cluster(&mut self, argument: &'a [u8]) {
        let letters = self.letters(argument);
        let Some(((flag, name), switches)) = letters.as_deref().and_then(<[_]>::split_last) else {
            return (self.emit)(Token::Unknown(argument));
        };
        for (flag, name) in switches {
            (self.emit)(Token::Flag { flag, name, value: None });
        }
        let rest = &argument[switches.len() + 2..];
        if rest.is_empty() {
            return self.flag_alone(flag, name);
        }
        let text = rest.strip_prefix(b"=").unwrap_or(rest);
        (self.emit)(Token::Flag { flag, name, value: Some((Some(""), text)) });
    }

    /// Returns the flags of a cluster; `None` where one is unknown, because then it is a word whose
    /// letters say nothing.
    fn letters(&self, argument: &[u8]) -> Option<Vec<(&'static Flag, &'static str)>> {
        let mut letters = Vec::new();
        for letter in &argument[1..] {
            if letters.len() == MAX_CLUSTER {
                return None;
            }
            let (flag, name) = self.known(&[b'-', *letter])?;
            letters.push((flag, name));
            if flag.takes != Takes::Nothing {
                break;
            }
        }
        Some(letters)
    }
}

fn looks_like_flag(argument: &[u8]) -> bool {
    argument.len() > 1 && argument.starts_with(b"-")
}
