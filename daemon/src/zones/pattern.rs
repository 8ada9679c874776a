//! Patterns of paths and of repositories' addresses, and a tree in which all that match are found at
//! once.
//!
//! Both are names between slashes, compared as bytes. Wildcards stand for what of a name they can; `**`
//! alone stands for any number of names.
//!
//! # Limits
//!
//! A pattern has at most [`MOST_ANY`] `**`, and each of its names at most [`MOST_WILD`] wildcards. What a
//! look costs is bounded by the patterns' length times the path's, and in practice is a look-up for each
//! name: names with wildcards are found by the letters before the first of them, after the last, and by
//! the longest text between two.

use std::path::{Path, PathBuf};

use crate::event::os_string;

mod address;
mod tree;

#[cfg(test)]
pub(super) use address::FORGES;
pub(super) use address::names as address_names;
pub(super) use tree::Tree;

/// The longest pattern, in bytes.
const MOST_BYTES: usize = 4096;
/// Wildcards in one name.
const MOST_WILD: usize = 8;
/// `**` in one pattern.
const MOST_ANY: usize = 3;

/// What a path or an address can be compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Name(Vec<u8>),
    /// What is before the first wildcard, from there to the last, and what is after that.
    Wild(Vec<u8>, Vec<Token>, Vec<u8>),
    /// `**`
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Byte(u8),
    /// `?`
    One,
    /// `*`
    Many,
}

impl Pattern {
    /// Reads a pattern of paths, which are below it or it.
    pub(super) fn of_path(typed: &str, home: Option<&Path>) -> Result<Self, String> {
        check_length(typed)?;
        let (home, rest) = match typed.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => (Some(home), rest),
            _ if typed.starts_with('/') => (None, typed),
            _ => return Err("begins neither with / nor with ~/".into()),
        };
        let home = match home {
            None => &b"/"[..],
            Some(home) => home
                .map(|home| home.as_os_str().as_encoded_bytes())
                .filter(|home| home.starts_with(b"/"))
                .ok_or("begins with ~, and there is no home directory")?,
        };
        let mut parts: Vec<Part> = names(home).map(|name| Part::Name(name.to_owned())).collect();
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        for name in rest.split('/').skip(1) {
            match name {
                "" => return Err("has an empty name in it".into()),
                "." | ".." => return Err("has . or .. in it".into()),
                name => parts.push(Part::of(&tokens(name)?)?),
            }
        }
        let mut pattern = Self::new(parts)?;
        // Everything below a path matches anyway.
        pattern.0.pop_if(|part| *part == Part::Any);
        Ok(pattern)
    }

    fn new(mut parts: Vec<Part>) -> Result<Self, String> {
        if parts.iter().filter(|part| **part == Part::Any).count() > MOST_ANY {
            return Err(format!("has more than {MOST_ANY} **"));
        }
        parts.dedup_by(|one, other| *one == Part::Any && *other == Part::Any);
        Ok(Self(parts))
    }

    /// Returns the pattern in the place where its directory really lies, where that is another.
    ///
    /// `resolve` is asked for the longest path without wildcards, then for those above.
    pub(super) fn resolved(
        &self,
        resolve: &mut dyn FnMut(&Path) -> Option<PathBuf>,
    ) -> Option<Self> {
        let name =
            |part: &Part| if let Part::Name(name) = part { Some(name.clone()) } else { None };
        let plain: Vec<Vec<u8>> = self.0.iter().map_while(name).collect();
        let mut lengths = (1..=plain.len()).rev();
        let (length, real) = lengths.find_map(|length| {
            let path = [b"/", &plain[..length].join(&b'/')[..]].concat();
            Some((length, resolve(Path::new(&os_string(&path)))?))
        })?;
        let real = real.as_os_str().as_encoded_bytes();
        let parts = names(real).map(|name| Part::Name(name.to_owned()));
        let resolved = Self(parts.chain(self.0[length..].iter().cloned()).collect());
        (real.starts_with(b"/") && resolved != *self).then_some(resolved)
    }

    /// Returns how many bytes it names: what has more says more.
    fn literals(&self) -> usize {
        self.0.iter().map(Part::literals).sum()
    }
}

impl Part {
    fn of(tokens: &[Token]) -> Result<Self, String> {
        let is_wild = |token: &Token| !matches!(token, Token::Byte(_));
        let bytes = |tokens: &[Token]| tokens.iter().filter_map(|token| token.byte()).collect();
        if tokens == [Token::Many, Token::Many] {
            return Ok(Self::Any);
        }
        if tokens.windows(2).any(|pair| pair == [Token::Many, Token::Many]) {
            return Err("has ** next to something else than /".into());
        }
        if tokens.iter().filter(|token| is_wild(token)).count() > MOST_WILD {
            return Err(format!("has more than {MOST_WILD} wildcards in one name"));
        }
        let Some(first) = tokens.iter().position(is_wild) else {
            return Ok(Self::Name(bytes(tokens)));
        };
        let end = tokens.iter().rposition(is_wild).map_or(tokens.len(), |last| last + 1);
        Ok(Self::Wild(bytes(&tokens[..first]), tokens[first..end].to_vec(), bytes(&tokens[end..])))
    }

    fn literals(&self) -> usize {
        match self {
            Self::Name(name) => name.len(),
            Self::Wild(head, middle, tail) => {
                head.len() + middle.iter().filter_map(|token| token.byte()).count() + tail.len()
            }
            Self::Any => 0,
        }
    }
}

impl Token {
    fn byte(self) -> Option<u8> {
        if let Self::Byte(byte) = self { Some(byte) } else { None }
    }
}

/// A character as it was typed, or a wildcard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Symbol {
    Char(char),
    One,
    Many,
}

fn check_length(typed: &str) -> Result<(), String> {
    let is_short = typed.len() <= MOST_BYTES;
    is_short.then_some(()).ok_or_else(|| format!("is longer than {MOST_BYTES} bytes"))
}

fn symbols(typed: &str) -> Result<Vec<Symbol>, String> {
    let mut chars = typed.chars();
    let mut symbols = Vec::new();
    while let Some(char) = chars.next() {
        symbols.push(match char {
            '*' => Symbol::Many,
            '?' => Symbol::One,
            '[' | ']' | '{' | '}' => {
                return Err(format!("has {char} in it: write \\{char} for the character itself"));
            }
            '\\' => match chars.next() {
                Some(char) if "*?[]{}\\".contains(char) => Symbol::Char(char),
                _ => return Err("has \\ in it: write \\\\ for the character itself".into()),
            },
            char => Symbol::Char(char),
        });
    }
    Ok(symbols)
}

fn tokens(name: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    for symbol in symbols(name)? {
        match symbol {
            Symbol::One => tokens.push(Token::One),
            Symbol::Many => tokens.push(Token::Many),
            Symbol::Char(char) => {
                tokens.extend(char.encode_utf8(&mut [0; 4]).bytes().map(Token::Byte));
            }
        }
    }
    Ok(tokens)
}

/// Returns the names of a path.
pub(super) fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
}

/// Whether a text is what tokens stand for. On a mismatch only the last `*` takes one character more.
fn fits(tokens: &[Token], text: &[u8]) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut last = None;
    loop {
        match tokens.get(token) {
            Some(Token::Many) if token + 1 == tokens.len() => return true,
            Some(Token::Many) => (token, last) = (token + 1, Some((token + 1, at))),
            Some(Token::Byte(byte)) if text.get(at) == Some(byte) => {
                (token, at) = (token + 1, at + 1);
            }
            Some(Token::One) if at < text.len() => {
                (token, at) = (token + 1, at + width(&text[at..]));
            }
            None if at == text.len() => return true,
            _ => {
                let Some((after, from)) = last.filter(|(_, from)| *from < text.len()) else {
                    return false;
                };
                (token, at) = (after, from + width(&text[from..]));
                last = Some((after, at));
            }
        }
    }
}

/// Returns how many bytes the first character has; what is no UTF-8 is a character for each byte.
fn width(text: &[u8]) -> usize {
    let width = match text.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 1,
    };
    let char = text.get(..width).filter(|char| std::str::from_utf8(char).is_ok());
    char.map_or(1, <[u8]>::len)
}
