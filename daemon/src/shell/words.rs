//! Words: quotes, parameters and substitutions, up to where the next token begins.

use std::rc::Rc;

use super::parser::{Fault, Parser};
use super::syntax::{Fallback, Part, Subscript, Word};

/// Where the text of a word ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// At a blank or an operator.
    Token,
    /// At the `}` of a parameter.
    Brace { quoted: bool },
    /// At a double quote.
    Quote,
    /// With the text: a here-document.
    Text,
}

impl End {
    fn quoted(self) -> bool {
        !matches!(self, Self::Token | Self::Brace { quoted: false })
    }
}

impl Word {
    fn push(&mut self, character: char, quoted: bool) {
        match (self.0.last_mut(), quoted) {
            (Some(Part::Plain(text)), false) | (Some(Part::Quoted(text)), true) => {
                text.push(character);
            }
            (_, false) => self.0.push(Part::Plain(character.into())),
            (_, true) => self.0.push(Part::Quoted(character.into())),
        }
    }
}

impl Parser<'_> {
    /// Reads a word; an empty one if the next token is none.
    pub(super) fn word(&mut self) -> Result<Word, Fault> {
        let mut word = Word::default();
        self.parts(End::Token, &mut word)?;
        Ok(word)
    }

    /// Reads the whole text as the body of a here-document whose delimiter was not quoted.
    pub(super) fn here_text(&mut self) -> Result<Word, Fault> {
        let mut word = Word::default();
        self.parts(End::Text, &mut word)?;
        Ok(word)
    }

    fn parts(&mut self, end: End, word: &mut Word) -> Result<(), Fault> {
        while let Some(next) = self.peek() {
            let rest = self.rest();
            match (next, end) {
                ('"', End::Quote) | ('}', End::Brace { .. }) => return Ok(()),
                ('<' | '>', End::Token) if rest[1..].starts_with('(') => self.process(word)?,
                (' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | ')', End::Token) => {
                    return Ok(());
                }
                ('(', End::Token) => {
                    if !self.pattern_list(word)? {
                        return Ok(());
                    }
                }
                ('\\', _) => self.escape(end, word),
                ('\'', End::Token | End::Brace { quoted: false }) => self.single_quotes(word)?,
                ('"', End::Token | End::Brace { .. }) => self.double_quotes(word)?,
                ('$', _) => self.dollar(end, word)?,
                ('`', _) => self.backticks(end.quoted(), word)?,
                (other, _) => {
                    self.bump(other.len_utf8());
                    word.push(other, end.quoted());
                }
            }
        }
        match end {
            End::Token | End::Text => Ok(()),
            End::Quote | End::Brace { .. } => Err(Fault::Syntax),
        }
    }

    fn escape(&mut self, end: End, word: &mut Word) {
        self.bump(1);
        let Some(next) = self.peek() else {
            word.push('\\', end.quoted());
            return;
        };
        self.bump(next.len_utf8());
        if next == '\n' {
            return;
        }
        let special = match end {
            End::Token | End::Brace { quoted: false } => true,
            End::Quote => "$`\"\\".contains(next),
            End::Brace { quoted: true } => "$`\"\\}".contains(next),
            End::Text => "$`\\".contains(next),
        };
        if !special {
            word.push('\\', true);
        }
        word.push(next, true);
    }

    fn single_quotes(&mut self, word: &mut Word) -> Result<(), Fault> {
        self.bump(1);
        let length = self.rest().find('\'').ok_or(Fault::Syntax)?;
        word.0.push(Part::Quoted(self.rest()[..length].to_owned()));
        self.bump(length + 1);
        Ok(())
    }

    fn double_quotes(&mut self, word: &mut Word) -> Result<(), Fault> {
        self.bump(1);
        // Even an empty string is a word.
        word.0.push(Part::Quoted(String::new()));
        self.nested(|parser| parser.parts(End::Quote, word))?;
        self.bump(1);
        Ok(())
    }

    fn dollar(&mut self, end: End, word: &mut Word) -> Result<(), Fault> {
        let rest = &self.rest()[1..];
        let quoted = end.quoted();
        match rest.chars().next() {
            Some('(') => self.substitution(quoted, word),
            Some('{') => self.braced_parameter(quoted, word),
            Some('\'') if !quoted => self.ansi_quotes(word),
            Some('"') if !quoted => {
                self.bump(1);
                self.double_quotes(word)
            }
            Some(first) if first.is_ascii_alphabetic() || first == '_' => {
                let length = name_length(rest);
                let name = rest[..length].to_owned();
                self.bump(1 + length);
                word.0.push(parameter(name, quoted));
                Ok(())
            }
            Some(first) if first.is_ascii_digit() || "@*#?-$!".contains(first) => {
                self.bump(2);
                word.0.push(parameter(first.into(), quoted));
                Ok(())
            }
            _ => {
                self.bump(1);
                word.push('$', quoted);
                Ok(())
            }
        }
    }

    fn substitution(&mut self, quoted: bool, word: &mut Word) -> Result<(), Fault> {
        if self.rest().starts_with("$((")
            && let Some(length) = self.arithmetic_length(3)
        {
            self.bump(length);
            word.0.push(Part::Number);
            return Ok(());
        }
        self.bump(2);
        let body = Rc::new(self.nested(Self::list)?);
        self.expect(')')?;
        word.0.push(Part::Substitution { body, quoted });
        Ok(())
    }

    fn process(&mut self, word: &mut Word) -> Result<(), Fault> {
        self.bump(2);
        let body = Rc::new(self.nested(Self::list)?);
        self.expect(')')?;
        word.0.push(Part::Process(body));
        Ok(())
    }

    /// Reads an old substitution, whose text has a level of escapes of its own.
    fn backticks(&mut self, quoted: bool, word: &mut Word) -> Result<(), Fault> {
        self.bump(1);
        let mut text = String::new();
        loop {
            let next = self.peek().ok_or(Fault::Syntax)?;
            self.bump(next.len_utf8());
            match (next, self.peek()) {
                ('`', _) => break,
                ('\\', Some(escaped)) if "$`\\".contains(escaped) || (quoted && escaped == '"') => {
                    self.bump(1);
                    text.push(escaped);
                }
                _ => text.push(next),
            }
        }
        let body = Rc::new(self.inner(&text, |parser| parser.whole())?);
        word.0.push(Part::Substitution { body, quoted });
        Ok(())
    }

    fn braced_parameter(&mut self, quoted: bool, word: &mut Word) -> Result<(), Fault> {
        self.bump(2);
        // `${#name}` is a number, `${!name}` a variable that another one names.
        let opaque = self.rest().starts_with(['#', '!']) && !self.rest()[1..].starts_with('}');
        if opaque {
            self.bump(1);
        }
        let name = self.parameter_name().ok_or(Fault::Syntax)?;
        let subscript = self.subscript()?;
        let operator = self.rest();
        // The shell calls anything else a bad substitution, and runs nothing.
        if !operator.starts_with(|next| "}-=+?:#%/^,@*".contains(next)) {
            return Err(Fault::Syntax);
        }
        let default = [":-", "-", ":=", "="].iter().find(|known| operator.starts_with(**known));
        self.bump(default.map_or(0, |known| known.len()));
        let mut rest = Word::default();
        self.nested(|parser| parser.parts(End::Brace { quoted }, &mut rest))?;
        self.bump(1);
        let fallback = match default {
            Some(_) if !opaque => Fallback::Default(rest),
            None if rest.0.is_empty() && !opaque => Fallback::Nothing,
            _ => Fallback::Opaque(rest),
        };
        word.0.push(Part::Parameter { name, subscript, fallback, quoted });
        Ok(())
    }

    fn parameter_name(&mut self) -> Option<String> {
        let rest = self.rest();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let length = match name_length(rest).max(digits) {
            0 => usize::from(rest.starts_with(['@', '*', '#', '?', '-', '$', '!'])),
            length => length,
        };
        let name = rest[..length].to_owned();
        self.bump(length);
        (length > 0).then_some(name)
    }

    fn subscript(&mut self) -> Result<Subscript, Fault> {
        if !self.rest().starts_with('[') {
            return Ok(Subscript::None);
        }
        let length = self.rest().find([']', '}']).ok_or(Fault::Syntax)?;
        if self.rest().as_bytes()[length] != b']' {
            return Err(Fault::Syntax);
        }
        let all = matches!(&self.rest()[1..length], "@" | "*");
        self.bump(length + 1);
        Ok(if all { Subscript::All } else { Subscript::Other })
    }

    /// Reads `$'…'`. Escapes that could name a byte make the word unreadable, as it is no text then.
    fn ansi_quotes(&mut self, word: &mut Word) -> Result<(), Fault> {
        self.bump(2);
        let mut text = String::new();
        let mut known = true;
        loop {
            let next = self.peek().ok_or(Fault::Syntax)?;
            self.bump(next.len_utf8());
            match next {
                '\'' => break,
                '\\' => {
                    let escaped = self.peek().ok_or(Fault::Syntax)?;
                    self.bump(escaped.len_utf8());
                    match escaped {
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        '\\' | '\'' | '"' | '?' => text.push(escaped),
                        _ => known = false,
                    }
                }
                other => text.push(other),
            }
        }
        word.0.push(if known { Part::Quoted(text) } else { Part::Number });
        Ok(())
    }

    /// Reads `@(…)` and its kin as what they are: a glob. Returns whether it was one.
    fn pattern_list(&mut self, word: &mut Word) -> Result<bool, Fault> {
        let opened = matches!(word.0.last(), Some(Part::Plain(text)) if text.ends_with(['@', '?', '*', '+', '!']));
        if !opened {
            return Ok(false);
        }
        let mut depth = 0_u32;
        let length = self.rest().char_indices().find_map(|(at, character)| {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(at + 1)
        });
        self.bump(length.ok_or(Fault::Syntax)?);
        word.push('*', false);
        Ok(true)
    }
}

fn parameter(name: String, quoted: bool) -> Part {
    Part::Parameter { name, subscript: Subscript::None, fallback: Fallback::Nothing, quoted }
}

/// Returns how many bytes of the text are a variable's name.
pub(super) fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}
