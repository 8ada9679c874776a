//! Options and operands: what is what in the arguments of a command whose grammar is known.
//!
//! An option that is not in the grammar could take the next argument as its value, which may be
//! content; such a command is not told at all.

use super::Reason;
use super::scope::Field;

/// Which options a command has. Words are separated by blanks.
#[derive(Clone, Copy)]
pub(super) struct Grammar {
    /// Letters without a value; `*` for every letter that is not named elsewhere.
    pub(super) flags: &'static str,
    /// Letters with a value, attached or next.
    pub(super) values: &'static str,
    /// Letters whose value can only be attached.
    pub(super) attached: &'static str,
    /// Long options without a value, or with one behind `=`.
    pub(super) long: &'static str,
    /// Long options with a value.
    pub(super) long_values: &'static str,
    /// Whether options end with the first operand.
    pub(super) leading: bool,
    /// Whether `-20` is an option.
    pub(super) numbers: bool,
}

impl Grammar {
    /// Takes any letter as a flag, and no long option but those with `=`.
    pub(super) const ANY: Self = Self {
        flags: "*",
        values: "",
        attached: "",
        long: "",
        long_values: "",
        leading: false,
        numbers: false,
    };

    pub(super) const fn flags(self, flags: &'static str) -> Self {
        Self { flags, ..self }
    }

    pub(super) const fn values(self, values: &'static str) -> Self {
        Self { values, ..self }
    }

    pub(super) const fn attached(self, attached: &'static str) -> Self {
        Self { attached, ..self }
    }

    pub(super) const fn long(self, long: &'static str) -> Self {
        Self { long, ..self }
    }

    pub(super) const fn long_values(self, long_values: &'static str) -> Self {
        Self { long_values, ..self }
    }

    pub(super) const fn leading(self) -> Self {
        Self { leading: true, ..self }
    }

    pub(super) const fn numbers(self) -> Self {
        Self { numbers: true, ..self }
    }
}

/// The arguments of one call, told apart.
pub(super) struct Arguments<'a> {
    options: Vec<(&'a str, Option<Field>)>,
    pub(super) operands: Vec<&'a Field>,
    /// How many of the operands stand before a `--`.
    pub(super) before_dashes: usize,
}

impl<'a> Arguments<'a> {
    pub(super) fn parse(grammar: &Grammar, fields: &'a [Field]) -> Result<Self, Reason> {
        let mut parsed =
            Self { options: Vec::new(), operands: Vec::new(), before_dashes: usize::MAX };
        let mut rest = fields.iter();
        while let Some(field) = rest.next() {
            let lead = field.lead();
            if field.exact() == Some("--") {
                parsed.before_dashes = parsed.operands.len();
                break;
            } else if let Some(long) = lead.strip_prefix("--") {
                parsed.long(grammar, field, long, &mut rest)?;
            } else if lead.len() > 1 && lead.starts_with('-') {
                parsed.cluster(grammar, field, &mut rest)?;
            } else if lead == "-" && field.as_text().is_none() {
                return Err(Reason::Option);
            } else {
                parsed.operands.push(field);
                if grammar.leading {
                    break;
                }
            }
        }
        parsed.operands.extend(rest);
        parsed.before_dashes = parsed.before_dashes.min(parsed.operands.len());
        Ok(parsed)
    }

    fn long(
        &mut self,
        grammar: &Grammar,
        field: &'a Field,
        long: &'a str,
        rest: &mut std::slice::Iter<'a, Field>,
    ) -> Result<(), Reason> {
        if let Some((name, _)) = long.split_once('=') {
            self.options.push((name, Some(field.after(2 + name.len() + 1))));
        } else if field.as_text().is_none() {
            return Err(Reason::Option);
        } else if has_word(grammar.long_values, long) {
            self.options.push((long, Some(rest.next().ok_or(Reason::Option)?.clone())));
        } else if has_word(grammar.long, long) {
            self.options.push((long, None));
        } else {
            return Err(Reason::Option);
        }
        Ok(())
    }

    fn cluster(
        &mut self,
        grammar: &Grammar,
        field: &'a Field,
        rest: &mut std::slice::Iter<'a, Field>,
    ) -> Result<(), Reason> {
        let lead = field.lead();
        for (at, letter) in lead.char_indices().skip(1) {
            let end = at + letter.len_utf8();
            let name = &lead[at..end];
            if grammar.values.contains(letter) {
                let attached = end < lead.len() || field.as_text().is_none();
                let value = if attached {
                    field.after(end)
                } else {
                    rest.next().ok_or(Reason::Option)?.clone()
                };
                self.options.push((name, Some(value)));
                return Ok(());
            }
            if grammar.attached.contains(letter) {
                self.options.push((name, Some(field.after(end))));
                return Ok(());
            }
            let number = grammar.numbers && letter.is_ascii_digit();
            if !number && !grammar.flags.contains(letter) && grammar.flags != "*" {
                return Err(Reason::Option);
            }
            self.options.push((name, None));
        }
        if field.as_text().is_some() { Ok(()) } else { Err(Reason::Option) }
    }

    /// Whether one of these options was given. Words are separated by blanks.
    pub(super) fn has(&self, names: &str) -> bool {
        self.options.iter().any(|(name, _)| has_word(names, name))
    }

    /// Returns the values of these options, in order.
    pub(super) fn values(&self, names: &str) -> impl Iterator<Item = &Field> {
        self.options
            .iter()
            .filter(move |(name, _)| has_word(names, name))
            .filter_map(|(_, value)| value.as_ref())
    }

    /// Takes the first operand, which is a text. Fails where it is not sure which one that is.
    pub(super) fn take_text(&mut self) -> Result<(), Reason> {
        match self.operands.first() {
            Some(field) if field.is_many() => Err(Reason::Option),
            Some(_) => {
                self.operands.remove(0);
                self.before_dashes = self.before_dashes.saturating_sub(1);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn has_word(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known == word)
}
