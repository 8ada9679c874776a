//! Commands: lists, pipelines, compound commands, redirections. By descent, to a bounded depth.

use std::cell::OnceCell;
use std::rc::Rc;

use super::MAX_DEPTH;
use super::syntax::{AndOr, Command, Join, Kind, List, Part, Pipeline, Word};

mod compound;
mod simple;

/// Why a text could not be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Syntax,
    TooDeep,
}

/// A here-document that begins after the line's end.
struct Pending {
    delimiter: String,
    quoted: bool,
    /// `<<-`: leading tabs do not count.
    tabs: bool,
    body: Rc<OnceCell<Word>>,
}

pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    pending: Vec<Pending>,
}

/// Words that mean something where a command begins, and end the list before them.
const ENDS: [&str; 8] = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];

/// Parses a text; what stands before a fault, in lines of its own, is kept, as the shell has run it.
pub(super) fn parse(text: &str) -> (List, Option<Fault>) {
    let mut parser = Parser { text, at: 0, depth: 0, pending: Vec::new() };
    let mut list = List::new();
    loop {
        match parser.complete_command() {
            Ok(Some(mut commands)) => list.append(&mut commands),
            Ok(None) => return (list, None),
            Err(fault) => return (list, Some(fault)),
        }
    }
}

impl<'a> Parser<'a> {
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Goes one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Parses another text, one level deeper.
    pub(super) fn inner<T>(
        &self,
        text: &str,
        parse: impl FnOnce(&mut Parser<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        Parser { text, at: 0, depth: self.depth, pending: Vec::new() }.nested(parse)
    }

    /// Reads a list up to the end of the text.
    pub(super) fn whole(&mut self) -> Result<List, Fault> {
        let list = self.list()?;
        if self.rest().is_empty() { Ok(list) } else { Err(Fault::Syntax) }
    }

    /// Reads a list up to what cannot belong to it: `)`, `;;`, a word like `done`, the end.
    pub(super) fn list(&mut self) -> Result<List, Fault> {
        let mut list = List::new();
        loop {
            self.skip_lines()?;
            if self.at_end_of_list() {
                return Ok(list);
            }
            list.push(self.and_or()?);
            if !self.separator(list.last_mut())? {
                return Ok(list);
            }
        }
    }

    /// Reads the commands up to the end of a line; nothing at the end of the text.
    fn complete_command(&mut self) -> Result<Option<List>, Fault> {
        self.skip_lines()?;
        if self.rest().is_empty() {
            self.here_documents()?;
            return Ok(None);
        }
        let mut list = List::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None => break,
                Some('\n') => {
                    self.newline()?;
                    break;
                }
                _ if self.at_end_of_list() => return Err(Fault::Syntax),
                _ => list.push(self.and_or()?),
            }
            self.skip_blanks();
            match self.peek() {
                Some(';' | '&') => {
                    self.separator(list.last_mut())?;
                }
                Some('\n') | None => {}
                _ => return Err(Fault::Syntax),
            }
        }
        Ok(Some(list))
    }

    /// Reads what stands between two commands. Returns whether another may follow.
    fn separator(&mut self, before: Option<&mut AndOr>) -> Result<bool, Fault> {
        self.skip_blanks();
        let rest = self.rest();
        if rest.starts_with(";;") || rest.starts_with(";&") {
            return Ok(false);
        }
        match self.peek() {
            Some(';') => self.bump(1),
            Some('&') => {
                self.bump(1);
                if let Some(before) = before {
                    before.background = true;
                }
            }
            Some('\n') => self.newline()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn at_end_of_list(&self) -> bool {
        let rest = self.rest();
        rest.is_empty()
            || rest.starts_with(')')
            || rest.starts_with(";;")
            || rest.starts_with(";&")
            || ENDS.iter().any(|word| self.at_word(word))
    }

    /// Whether this word, unquoted and whole, comes next.
    fn at_word(&self, word: &str) -> bool {
        self.rest().strip_prefix(word).is_some_and(|rest| {
            rest.chars().next().is_none_or(|next| " \t\n;&|<>()".contains(next))
        })
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let there = self.at_word(word);
        if there {
            self.bump(word.len());
        }
        there
    }

    fn expect_word(&mut self, word: &str) -> Result<(), Fault> {
        self.skip_lines()?;
        if self.take_word(word) { Ok(()) } else { Err(Fault::Syntax) }
    }

    pub(super) fn expect(&mut self, character: char) -> Result<(), Fault> {
        if self.peek() != Some(character) {
            return Err(Fault::Syntax);
        }
        self.bump(character.len_utf8());
        Ok(())
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            self.bump(blanks);
            let rest = self.rest();
            if rest.starts_with("\\\n") {
                self.bump(2);
            } else if rest.starts_with('#') {
                self.bump(rest.find('\n').unwrap_or(rest.len()));
            } else {
                return;
            }
        }
    }

    fn skip_lines(&mut self) -> Result<(), Fault> {
        self.skip_blanks();
        while self.peek() == Some('\n') {
            self.newline()?;
            self.skip_blanks();
        }
        Ok(())
    }

    fn newline(&mut self) -> Result<(), Fault> {
        self.bump(1);
        self.here_documents()
    }

    fn here_documents(&mut self) -> Result<(), Fault> {
        for pending in std::mem::take(&mut self.pending) {
            let text = self.here_body(&pending);
            let word = if pending.quoted {
                Word(vec![Part::Quoted(text)])
            } else {
                self.inner(&text, |parser| parser.here_text())?
            };
            // Each one is filled in once.
            drop(pending.body.set(word));
        }
        Ok(())
    }

    /// Takes the lines up to the delimiter; up to the end where there is none, as the shell does.
    fn here_body(&mut self, pending: &Pending) -> String {
        let mut body = String::new();
        while !self.rest().is_empty() {
            let rest = self.rest();
            let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
            let line = if pending.tabs {
                rest[..length].trim_start_matches('\t')
            } else {
                &rest[..length]
            };
            if line.trim_end_matches('\n') == pending.delimiter {
                self.bump(length);
                return body;
            }
            body.push_str(line);
            self.bump(length);
        }
        body
    }

    fn and_or(&mut self) -> Result<AndOr, Fault> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let join = match self.rest() {
                next if next.starts_with("&&") => Join::And,
                next if next.starts_with("||") => Join::Or,
                _ => return Ok(AndOr { first, rest, background: false }),
            };
            self.bump(2);
            self.skip_lines()?;
            rest.push((join, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, Fault> {
        while self.take_word("!") || self.take_time() {}
        let mut commands = vec![self.command()?];
        loop {
            self.skip_blanks();
            let rest = self.rest();
            if !rest.starts_with('|') || rest.starts_with("||") {
                return Ok(commands);
            }
            self.bump(if rest.starts_with("|&") { 2 } else { 1 });
            self.skip_lines()?;
            commands.push(self.command()?);
        }
    }

    /// Takes the reserved word `time` with its one option.
    fn take_time(&mut self) -> bool {
        let there = self.take_word("time");
        if there {
            self.take_word("-p");
        }
        there
    }

    fn command(&mut self) -> Result<Command, Fault> {
        self.skip_blanks();
        let Some(kind) = self.nested(Self::compound)? else { return self.simple() };
        let mut redirects = Vec::new();
        if !matches!(kind, Kind::Function { .. }) {
            while let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
            }
        }
        Ok(Command { kind, redirects })
    }

    fn words(&mut self) -> Result<Vec<Word>, Fault> {
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            let word = self.word()?;
            if word.0.is_empty() {
                return Ok(words);
            }
            words.push(word);
        }
    }

    /// Returns the length of arithmetic that has begun with `opened` bytes; `None` where it is none.
    pub(super) fn arithmetic_length(&self, opened: usize) -> Option<usize> {
        let mut depth = 2_u32;
        let bytes = self.rest().as_bytes();
        for (at, byte) in bytes.iter().enumerate().skip(opened) {
            match byte {
                b'(' => depth += 1,
                b')' if depth == 2 => return (bytes.get(at + 1) == Some(&b')')).then_some(at + 2),
                b')' => depth -= 1,
                _ => {}
            }
        }
        None
    }
}
