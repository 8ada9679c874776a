//! Simple commands: assignments, words, redirections.

use std::rc::Rc;

use super::{Fault, Parser, Pending};
use crate::shell::syntax::{Assignment, Command, Direction, Kind, Part, Redirect, Value, Word};
use crate::shell::words::name_length;

impl Parser<'_> {
    pub(super) fn simple(&mut self) -> Result<Command, Fault> {
        let mut command = (Vec::new(), Vec::new(), Vec::new());
        let (assignments, words, redirects) = (&mut command.0, &mut command.1, &mut command.2);
        loop {
            self.skip_blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
            } else if let Some(assignment) = self.assignment(words.is_empty())? {
                assignments.push(assignment);
            } else {
                let word = self.word()?;
                if word.0.is_empty() {
                    break;
                }
                words.push(self.declared_array(word)?);
                if let Some(kind) = self.function_after(words)? {
                    return Ok(Command { kind, redirects: Vec::new() });
                }
            }
        }
        let (assignments, words, redirects) = command;
        if assignments.is_empty() && words.is_empty() && redirects.is_empty() {
            return Err(Fault::Syntax);
        }
        Ok(Command { kind: Kind::Simple { assignments, words }, redirects })
    }

    /// Reads the array of `declare name=(…)`, whose value then is not known.
    fn declared_array(&mut self, mut word: Word) -> Result<Word, Fault> {
        let assigns = word.plain().is_some_and(|text| text.ends_with('='));
        if assigns && self.peek() == Some('(') {
            self.array()?;
            word.0.push(Part::Number);
        }
        Ok(word)
    }

    /// Reads the rest of `name() …` where that is what has begun.
    fn function_after(&mut self, words: &[Word]) -> Result<Option<Kind>, Fault> {
        let [name] = words else { return Ok(None) };
        self.skip_blanks();
        if self.peek() != Some('(') {
            return Ok(None);
        }
        self.bump(1);
        self.skip_blanks();
        self.expect(')')?;
        let name = name.plain().ok_or(Fault::Syntax)?.to_owned();
        self.function_body(name).map(Some)
    }

    fn assignment(&mut self, may_begin: bool) -> Result<Option<Assignment>, Fault> {
        let rest = self.rest();
        let length = name_length(rest);
        if !may_begin || length == 0 {
            return Ok(None);
        }
        let name = rest[..length].to_owned();
        let Some(operator) = assignment_operator(&rest[length..]) else { return Ok(None) };
        self.bump(length + operator);
        let value = if operator == 1 && self.peek() == Some('(') {
            Value::Array(self.array()?)
        } else if operator == 1 {
            Value::Word(self.word()?)
        } else {
            if self.peek() == Some('(') {
                self.array().map(drop)?
            }
            Value::Changed(self.word()?)
        };
        Ok(Some(Assignment { name, value }))
    }

    fn array(&mut self) -> Result<Vec<Word>, Fault> {
        self.bump(1);
        let mut words = Vec::new();
        loop {
            self.skip_lines()?;
            words.append(&mut self.words()?);
            match self.peek() {
                Some('\n') => {}
                _ => {
                    self.expect(')')?;
                    return Ok(words);
                }
            }
        }
    }

    pub(super) fn redirect(&mut self) -> Result<Option<Redirect>, Fault> {
        self.skip_blanks();
        let rest = self.rest();
        let operator = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let Some((length, kind)) = redirect_operator(operator) else { return Ok(None) };
        if operator.starts_with('&') && operator.len() < rest.len() {
            return Ok(None);
        }
        self.bump(rest.len() - operator.len() + length);
        self.skip_blanks();
        let target = self.word()?;
        if target.0.is_empty() {
            return Err(Fault::Syntax);
        }
        if let Direction::Here(body) = &kind {
            let (delimiter, quoted) = target.literal().ok_or(Fault::Syntax)?;
            let tabs = operator.starts_with("<<-");
            self.pending.push(Pending { delimiter, quoted, tabs, body: Rc::clone(body) });
        }
        Ok(Some(Redirect { kind, target }))
    }
}

/// Returns the length of `=`, `+=` or `[…]=`.
fn assignment_operator(text: &str) -> Option<usize> {
    if text.starts_with('=') {
        return Some(1);
    }
    if text.starts_with("+=") {
        return Some(2);
    }
    let end = text.strip_prefix('[')?.find([']', ' ', '\n'])? + 1;
    text[end..].strip_prefix("]=").map(|_| end + 2)
}

/// Returns the length and the meaning of a redirection's operator.
fn redirect_operator(text: &str) -> Option<(usize, Direction)> {
    let here = || Direction::Here(Rc::default());
    // Longest first.
    Some(match text {
        _ if text.starts_with("<(") || text.starts_with(">(") => return None,
        _ if text.starts_with("<<<") => (3, Direction::Text),
        _ if text.starts_with("<<-") => (3, here()),
        _ if text.starts_with("<<") => (2, here()),
        _ if text.starts_with("&>>") => (3, Direction::Write),
        _ if text.starts_with("&>") || text.starts_with(">>") => (2, Direction::Write),
        _ if text.starts_with(">|") || text.starts_with("<>") => (2, Direction::Write),
        _ if text.starts_with(">&") || text.starts_with("<&") => (2, Direction::Duplicate),
        _ if text.starts_with('>') => (1, Direction::Write),
        _ if text.starts_with('<') => (1, Direction::Read),
        _ => return None,
    })
}
