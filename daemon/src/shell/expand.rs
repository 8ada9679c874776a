//! From words to arguments: variables, tildes, substitutions, splitting, globs.

use std::rc::Rc;

use super::Reason;
use super::braces::{self, Unit};
use super::scope::Field;
use super::syntax::{AndOr, Command, Fallback, Kind, List, Part, Subscript, Word};
use super::walk::Walk;

/// Longest argument that is put together.
const MAX_ARGUMENT: usize = 64 * 1024;

impl Walk {
    /// Expands the words of a command.
    pub(super) fn fields(&mut self, words: &[Word]) -> Vec<Field> {
        let mut fields = Vec::new();
        for word in words {
            self.expand(word, &mut fields);
        }
        fields
    }

    /// Expands a word that stays one, as in an assignment or after `<`.
    pub(super) fn field(&mut self, word: &Word) -> Field {
        let units = braces::units(word);
        let mut assembly = Assembly { split: false, ..Assembly::default() };
        self.assemble(&units, &mut assembly);
        assembly.finish();
        assembly.fields.pop().unwrap_or_else(|| Field::text(""))
    }

    fn expand(&mut self, word: &Word, fields: &mut Vec<Field>) {
        match braces::expand(word) {
            Ok(words) => {
                for units in words {
                    let mut assembly = Assembly { split: true, ..Assembly::default() };
                    self.assemble(&units, &mut assembly);
                    assembly.finish();
                    fields.append(&mut assembly.fields);
                }
            }
            Err(why) => fields.push(Field::Unknown { why, lead: String::new(), many: true }),
        }
    }

    fn assemble(&mut self, units: &[Unit<'_>], assembly: &mut Assembly) {
        let rest = match self.tilde(units) {
            Some(home) => {
                assembly.insert(&home, true);
                &units[1..]
            }
            None => units,
        };
        for unit in rest {
            match unit {
                Unit::Char(character) => assembly.push(*character),
                Unit::Part(part) => self.part(part, assembly),
            }
        }
        self.spend(assembly.size());
    }

    fn part(&mut self, part: &Part, assembly: &mut Assembly) {
        match part {
            Part::Plain(text) | Part::Quoted(text) => assembly.literal(text),
            Part::Parameter { name, subscript, fallback, quoted } => {
                let values = self.parameter(name, *subscript, fallback);
                assembly.values(&values, *quoted);
            }
            Part::Substitution { body, quoted } => {
                let field = self.output(body);
                assembly.insert(&field, *quoted);
            }
            Part::Process(body) => {
                self.subshell(|walk| walk.list(body));
                // A descriptor of the shell's.
                assembly.literal("/dev/fd/63");
            }
            Part::Number => assembly.insert(&Field::unknown(Reason::Variable), true),
        }
    }

    /// Returns what a leading `~` stands for; another user's home is not known.
    fn tilde(&self, units: &[Unit<'_>]) -> Option<Field> {
        let [Unit::Char('~'), after @ ..] = units else { return None };
        let own = matches!(after, [] | [Unit::Char('/'), ..]);
        let home = self.home_text().filter(|_| own).map(Field::Text);
        Some(home.unwrap_or_else(|| Field::unknown(Reason::Variable)))
    }

    fn parameter(&mut self, name: &str, subscript: Subscript, fallback: &Fallback) -> Rc<[Field]> {
        let known = self.known(name);
        match fallback {
            Fallback::Nothing => {}
            Fallback::Default(word) => {
                // Whether it is set in the environment is not known.
                drop(self.field(word));
            }
            Fallback::Opaque(word) => {
                drop(self.field(word));
                return Rc::new([Field::unknown(Reason::Variable)]);
            }
        }
        let all = subscript == Subscript::All || matches!(name, "@" | "*");
        match known {
            Some(values) if values.len() == 1 || (all && name != "*") => values,
            Some(values) if subscript == Subscript::None && !all => {
                values.first().cloned().into_iter().collect()
            }
            _ => {
                Rc::new([Field::Unknown { why: Reason::Variable, lead: String::new(), many: all }])
            }
        }
    }

    fn known(&self, name: &str) -> Option<Rc<[Field]>> {
        if let Some(values) = self.scope.variable(name) {
            return Some(Rc::clone(values));
        }
        let text = match name {
            "HOME" => self.home_text()?,
            "PWD" => self.scope.cwd.as_ref()?.to_str()?.to_owned(),
            "OLDPWD" => self.scope.previous.as_ref()?.to_str()?.to_owned(),
            _ => return None,
        };
        Some(Rc::new([Field::Text(text)]))
    }

    fn home_text(&self) -> Option<String> {
        Some(self.home.as_ref()?.to_str()?.to_owned())
    }

    /// Reads what is run in a substitution, and tells its output where that is plain.
    fn output(&mut self, body: &List) -> Field {
        let directory = is_pwd(body).then(|| self.scope.cwd.clone()).flatten();
        self.subshell(|walk| walk.list(body));
        match directory.as_deref().and_then(std::path::Path::to_str) {
            Some(directory) => Field::text(directory),
            None => Field::unknown(Reason::Substitution),
        }
    }
}

fn is_pwd(body: &List) -> bool {
    let [AndOr { first, rest, .. }] = body.as_slice() else { return false };
    let [Command { kind: Kind::Simple { words, .. }, .. }] = first.as_slice() else { return false };
    rest.is_empty() && words.len() == 1 && words[0].plain() == Some("pwd")
}

/// Arguments while they are put together.
#[derive(Default)]
struct Assembly {
    fields: Vec<Field>,
    /// Whether blanks in values begin a new argument.
    split: bool,
    text: String,
    /// Whether it is an argument even if it is empty.
    solid: bool,
    /// Where the first glob stands.
    glob: Option<usize>,
    bracket: Option<usize>,
    /// Whether a value stands for the matches of a glob.
    wild: bool,
    /// Whether it may be any number of arguments.
    many: bool,
    /// Why the rest of it is not known.
    hidden: Option<Reason>,
}

impl Assembly {
    /// Appends a character that is not quoted.
    fn push(&mut self, character: char) {
        if self.hidden.is_some() {
            self.solid = true;
            return;
        }
        match character {
            '*' | '?' => self.glob = self.glob.or(Some(self.text.len())),
            '[' => self.bracket = self.bracket.or(Some(self.text.len())),
            ']' => self.glob = self.glob.or(self.bracket),
            _ => {}
        }
        self.text.push(character);
    }

    fn literal(&mut self, text: &str) {
        self.solid = true;
        if self.hidden.is_some() {
            return;
        }
        if self.text.len() + text.len() > MAX_ARGUMENT {
            self.hidden = Some(Reason::TooLarge);
            return;
        }
        self.text.push_str(text);
    }

    /// Appends the values of a parameter: each an argument of its own, the ends joined to what is beside them.
    fn values(&mut self, values: &[Field], quoted: bool) {
        if values.len() > 1 && !self.split {
            self.hidden = Some(Reason::Variable);
        }
        for (index, value) in values.iter().enumerate() {
            if index > 0 && self.split {
                self.finish();
            }
            self.insert(value, quoted);
        }
    }

    /// Appends a value.
    fn insert(&mut self, value: &Field, quoted: bool) {
        match value {
            Field::Text(text) if quoted || !self.split => {
                self.literal(text);
                self.solid |= quoted;
            }
            Field::Text(text) => self.split_text(text),
            Field::Pattern { text, cut } => {
                self.literal(&text[..*cut]);
                self.glob = self.glob.or(Some(self.text.len()));
                self.wild = true;
                self.literal(&text[*cut..]);
            }
            Field::Unknown { why, lead, many } => {
                if !lead.is_empty() {
                    self.literal(lead);
                }
                self.solid |= quoted;
                self.many |= many;
                self.hidden = self.hidden.or(Some(*why));
            }
        }
    }

    fn split_text(&mut self, text: &str) {
        let mut first = true;
        for piece in text.split([' ', '\t', '\n']) {
            if !first {
                self.finish();
            }
            first = false;
            piece.chars().for_each(|character| self.push(character));
        }
    }

    /// Ends the argument, if there is one.
    fn finish(&mut self) {
        let text = std::mem::take(&mut self.text);
        let (solid, hidden) = (std::mem::take(&mut self.solid), self.hidden.take());
        let glob = self.glob.take();
        let (wild, many) = (std::mem::take(&mut self.wild), std::mem::take(&mut self.many));
        self.bracket = None;
        match (hidden, glob) {
            (Some(why), _) => {
                let many = many || (!solid && text.is_empty());
                self.fields.push(Field::Unknown { why, lead: text, many });
            }
            (None, Some(at)) if self.split || wild => self.fields.push(pattern(text, at)),
            (None, _) if solid || !text.is_empty() => self.fields.push(Field::Text(text)),
            (None, _) => {}
        }
    }

    fn size(&self) -> usize {
        self.text.len() + self.fields.iter().map(|field| field.lead().len()).sum::<usize>()
    }
}

/// Makes an argument of a text with a glob: its matches are below the directory before it.
fn pattern(text: String, glob: usize) -> Field {
    if text[glob..].split('/').any(|component| component == "..") {
        return Field::Unknown { why: Reason::Glob, lead: text[..glob].to_owned(), many: true };
    }
    let cut = text[..glob].rfind('/').map_or(0, |slash| slash + 1);
    Field::Pattern { text, cut }
}
