//! Compound commands: groups, branches, loops, functions, tests.

use std::rc::Rc;

use super::{Fault, Parser};
use crate::shell::syntax::{Kind, List};
use crate::shell::words::name_length;

impl Parser<'_> {
    pub(super) fn compound(&mut self) -> Result<Option<Kind>, Fault> {
        if self.rest().starts_with("((")
            && let Some(length) = self.arithmetic_length(2)
        {
            self.bump(length);
            return Ok(Some(Kind::Arithmetic));
        }
        if self.peek() == Some('(') {
            self.bump(1);
            let body = self.list()?;
            self.expect(')')?;
            return Ok(Some(Kind::Subshell(body)));
        }
        let length = self.rest().find(|c: char| !c.is_ascii_lowercase() && !"{[".contains(c));
        let word = &self.rest()[..length.unwrap_or(self.rest().len())];
        if !self.at_word(word) {
            return Ok(None);
        }
        let parse = match word {
            "{" => Self::group,
            "if" => Self::conditional,
            "while" | "until" => Self::repetition,
            "for" | "select" => Self::iteration,
            "case" => Self::selection,
            "function" => Self::function,
            "[[" => Self::test,
            _ => return Ok(None),
        };
        self.bump(word.len());
        parse(self).map(Some)
    }

    fn group(&mut self) -> Result<Kind, Fault> {
        let body = self.list()?;
        self.expect_word("}")?;
        Ok(Kind::Group(body))
    }

    fn conditional(&mut self) -> Result<Kind, Fault> {
        let mut arms = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.list()?;
            self.expect_word("then")?;
            arms.push((condition, self.list()?));
            if self.take_word("elif") {
                continue;
            }
            if self.take_word("else") {
                otherwise = Some(self.list()?);
            }
            self.expect_word("fi")?;
            return Ok(Kind::If { arms, otherwise });
        }
    }

    fn repetition(&mut self) -> Result<Kind, Fault> {
        let condition = self.list()?;
        let body = self.body()?;
        Ok(Kind::While { condition, body })
    }

    fn body(&mut self) -> Result<List, Fault> {
        self.expect_word("do")?;
        let body = self.list()?;
        self.expect_word("done")?;
        Ok(body)
    }

    fn iteration(&mut self) -> Result<Kind, Fault> {
        self.skip_blanks();
        if self.rest().starts_with("((") {
            let length = self.arithmetic_length(2).ok_or(Fault::Syntax)?;
            self.bump(length);
            self.skip_separator()?;
            return Ok(Kind::While { condition: List::new(), body: self.body()? });
        }
        let name = self.name()?;
        self.skip_lines()?;
        let words = if self.take_word("in") { Some(self.words()?) } else { None };
        self.skip_separator()?;
        Ok(Kind::For { name, words, body: self.body()? })
    }

    fn skip_separator(&mut self) -> Result<(), Fault> {
        self.skip_blanks();
        if self.peek() == Some(';') {
            self.bump(1);
        }
        self.skip_lines()
    }

    fn name(&mut self) -> Result<String, Fault> {
        let length = name_length(self.rest());
        let name = self.rest()[..length].to_owned();
        self.bump(length);
        if name.is_empty() { Err(Fault::Syntax) } else { Ok(name) }
    }

    fn selection(&mut self) -> Result<Kind, Fault> {
        self.skip_blanks();
        let subject = self.word()?;
        self.expect_word("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines()?;
            if self.take_word("esac") {
                return Ok(Kind::Case { subject, arms });
            }
            self.case_patterns()?;
            arms.push(self.list()?);
            self.skip_blanks();
            let ends = [";;&", ";;", ";&"];
            let end = ends.iter().find(|end| self.rest().starts_with(**end));
            self.bump(end.map_or(0, |end| end.len()));
            if end.is_none() && !self.at_word("esac") {
                return Err(Fault::Syntax);
            }
        }
    }

    fn case_patterns(&mut self) -> Result<(), Fault> {
        if self.peek() == Some('(') {
            self.bump(1);
        }
        loop {
            self.skip_blanks();
            if self.word()?.0.is_empty() {
                return Err(Fault::Syntax);
            }
            self.skip_blanks();
            if self.peek() != Some('|') {
                return self.expect(')');
            }
            self.bump(1);
        }
    }

    fn function(&mut self) -> Result<Kind, Fault> {
        self.skip_blanks();
        let name = self.word()?.plain().ok_or(Fault::Syntax)?.to_owned();
        self.skip_blanks();
        if self.peek() == Some('(') {
            self.bump(1);
            self.skip_blanks();
            self.expect(')')?;
        }
        self.function_body(name)
    }

    pub(super) fn function_body(&mut self, name: String) -> Result<Kind, Fault> {
        self.skip_lines()?;
        let body = Rc::new(self.nested(Self::command)?);
        Ok(Kind::Function { name, body })
    }

    fn test(&mut self) -> Result<Kind, Fault> {
        let mut words = Vec::new();
        loop {
            self.skip_lines()?;
            if self.take_word("]]") {
                return Ok(Kind::Test(words));
            }
            let before = self.at;
            words.push(self.word()?);
            if self.at == before {
                // An operator of the test: `<`, `&&`, `(`, or of a regular expression.
                self.bump(self.peek().ok_or(Fault::Syntax)?.len_utf8());
            }
        }
    }
}
