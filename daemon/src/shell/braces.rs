//! Brace expansion: `a.{rs,toml}`, `{1..3}`.

use super::Reason;
use super::syntax::{Part, Word};

/// Most words that one word may become.
const MAX_WORDS: usize = 256;
/// Most opening braces in a word.
const MAX_BRACES: usize = 32;

/// A word in pieces that are looked at one by one.
#[derive(Clone, Copy)]
pub(super) enum Unit<'w> {
    /// Not quoted.
    Char(char),
    Part(&'w Part),
}

/// Returns the words that a word becomes; itself where it has no braces.
pub(super) fn expand(word: &Word) -> Result<Vec<Vec<Unit<'_>>>, Reason> {
    let units = units(word);
    match units.iter().filter(|unit| is(unit, '{')).count() {
        0 => Ok(vec![units]),
        1..=MAX_BRACES => {
            let words = alternatives(&units)?;
            if words.iter().any(|word| has_other_name(word)) {
                Err(Reason::Variable)
            } else {
                Ok(words)
            }
        }
        _ => Err(Reason::TooLarge),
    }
}

/// Whether a variable may have another name than it seemed: braces are expanded before variables
/// are, so that `$a{b,c}` is `$ab $ac`.
fn has_other_name(word: &[Unit<'_>]) -> bool {
    word.windows(2).any(|pair| match pair {
        [Unit::Part(Part::Parameter { quoted: false, .. }), Unit::Char(next)] => {
            next.is_ascii_alphanumeric() || *next == '_'
        }
        _ => false,
    })
}

/// Takes a word to pieces.
pub(super) fn units(word: &Word) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    for part in &word.0 {
        match part {
            Part::Plain(text) => units.extend(text.chars().map(Unit::Char)),
            other => units.push(Unit::Part(other)),
        }
    }
    units
}

fn alternatives<'w>(units: &[Unit<'w>]) -> Result<Vec<Vec<Unit<'w>>>, Reason> {
    for begin in (0..units.len()).filter(|at| is(&units[*at], '{')) {
        let Some((end, commas)) = closing(units, begin) else { continue };
        let middles = if commas.is_empty() {
            let Some(sequence) = sequence(&units[begin + 1..end])? else { continue };
            sequence
        } else {
            listed(units, begin, end, &commas)?
        };
        return combine(&units[..begin], &middles, &alternatives(&units[end + 1..])?);
    }
    Ok(vec![units.to_vec()])
}

fn listed<'w>(
    units: &[Unit<'w>],
    begin: usize,
    end: usize,
    commas: &[usize],
) -> Result<Vec<Vec<Unit<'w>>>, Reason> {
    let mut words = Vec::new();
    let mut from = begin + 1;
    for until in commas.iter().copied().chain([end]) {
        words.append(&mut alternatives(&units[from..until])?);
        from = until + 1;
    }
    Ok(words)
}

fn combine<'w>(
    before: &[Unit<'w>],
    middles: &[Vec<Unit<'w>>],
    ends: &[Vec<Unit<'w>>],
) -> Result<Vec<Vec<Unit<'w>>>, Reason> {
    if middles.len().saturating_mul(ends.len()) > MAX_WORDS {
        return Err(Reason::TooLarge);
    }
    Ok(middles
        .iter()
        .flat_map(|middle| ends.iter().map(|end| [before, middle, end].concat()))
        .collect())
}

/// Returns where the brace that opens at `begin` closes, and the commas between.
fn closing(units: &[Unit<'_>], begin: usize) -> Option<(usize, Vec<usize>)> {
    let mut depth = 0_u32;
    let mut commas = Vec::new();
    for (at, unit) in units.iter().enumerate().skip(begin + 1) {
        match unit {
            Unit::Char('{') => depth += 1,
            Unit::Char('}') if depth == 0 => return Some((at, commas)),
            Unit::Char('}') => depth -= 1,
            Unit::Char(',') if depth == 0 => commas.push(at),
            _ => {}
        }
    }
    None
}

/// Returns the words of `1..3` or `a..c`; nothing where it is no sequence.
fn sequence<'w>(units: &[Unit<'w>]) -> Result<Option<Vec<Vec<Unit<'w>>>>, Reason> {
    let text: Option<String> = units
        .iter()
        .map(|unit| if let Unit::Char(character) = unit { Some(*character) } else { None })
        .collect();
    let Some(text) = text else {
        // `{1..$n}` is none before the variable is known.
        return Ok(None);
    };
    let Some((from, to)) = text.split_once("..") else { return Ok(None) };
    let padded = [from, to].iter().any(|end| end.len() > 1 && end.starts_with('0'));
    if padded || to.contains("..") {
        return Err(Reason::TooLarge);
    }
    let words: Vec<String> = if let (Ok(from), Ok(to)) = (from.parse::<i32>(), to.parse::<i32>()) {
        if from.abs_diff(to) as usize >= MAX_WORDS {
            return Err(Reason::TooLarge);
        }
        ordered(from, to, (from.min(to)..=from.max(to)).map(|number| number.to_string()))
    } else if let ([from @ b'a'..=b'z'], [to @ b'a'..=b'z']) = (from.as_bytes(), to.as_bytes()) {
        let letters = *from.min(to)..=*from.max(to);
        ordered(from, to, letters.map(|letter| char::from(letter).to_string()))
    } else {
        return Ok(None);
    };
    Ok(Some(words.iter().map(|word| word.chars().map(Unit::Char).collect()).collect()))
}

/// Collects what goes up; backwards where it is to go down.
fn ordered<T: PartialOrd>(from: T, to: T, words: impl Iterator<Item = String>) -> Vec<String> {
    let mut words: Vec<_> = words.collect();
    if from > to {
        words.reverse();
    }
    words
}

fn is(unit: &Unit<'_>, character: char) -> bool {
    matches!(unit, Unit::Char(found) if *found == character)
}
