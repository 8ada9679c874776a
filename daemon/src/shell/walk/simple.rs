//! Simple commands: words are expanded, redirections made, then the command is looked up.

use std::rc::Rc;

use super::{Input, Walk};
use crate::shell::scope::Field;
use crate::shell::syntax::{Assignment, Direction, Part, Redirect, Value, Word};
use crate::shell::{How, Reason, Target, catalogue};

impl Walk {
    pub(super) fn simple(
        &mut self,
        assignments: &[Assignment],
        words: &[Word],
        redirects: &[Redirect],
        input: &Input,
    ) {
        let fields = self.fields(words);
        let input = self.redirects(redirects, input);
        for assignment in assignments {
            self.assignment(assignment, fields.is_empty());
        }
        if !fields.is_empty() {
            self.run(&fields, &input);
        }
    }

    fn assignment(&mut self, assignment: &Assignment, lasting: bool) {
        let value: Option<Rc<[Field]>> = match &assignment.value {
            Value::Word(word) => Some(Rc::new([self.field(word)])),
            Value::Array(words) => Some(self.fields(words).into()),
            Value::Changed(word) => {
                drop(self.field(word));
                None
            }
        };
        match value {
            _ if !lasting => {}
            Some(value) => self.scope.assign(&assignment.name, value),
            None => self.scope.forget(&assignment.name),
        }
    }

    pub(super) fn redirects(&mut self, redirects: &[Redirect], input: &Input) -> Input {
        let mut input = input.clone();
        input.given |= self.scope.piped;
        for redirect in redirects {
            match &redirect.kind {
                Direction::Read => {
                    input = Input { given: true, text: None };
                    self.redirect(&redirect.target, How::Read);
                }
                Direction::Write => self.redirect(&redirect.target, How::Write),
                Direction::Duplicate => self.duplicate(&redirect.target),
                Direction::Text => {
                    let text = self.field(&redirect.target);
                    input = Input { given: true, text: text.exact().map(Into::into) };
                }
                Direction::Here(body) => {
                    let text = body.get().and_then(|body| self.here_document(body));
                    input = Input { given: true, text };
                }
            }
        }
        input
    }

    fn redirect(&mut self, target: &Word, how: How) {
        let fields = self.fields(std::slice::from_ref(target));
        if let [field] = fields.as_slice() {
            self.touch(field, how, Target::File);
        }
    }

    fn duplicate(&mut self, target: &Word) {
        let number = target.plain().is_some_and(|text| {
            text.trim_end_matches('-').bytes().all(|byte| byte.is_ascii_digit())
        });
        if !number {
            self.redirect(target, How::Write);
        }
    }

    /// Reads what is run in a here-document; its text only where nothing in it is expanded.
    fn here_document(&mut self, body: &Word) -> Option<Rc<str>> {
        for part in &body.0 {
            if !matches!(part, Part::Plain(_) | Part::Quoted(_)) {
                drop(self.field(body));
                return None;
            }
        }
        body.literal().map(|(text, _)| text.into())
    }

    /// Runs a command whose words are expanded.
    pub(in crate::shell) fn run(&mut self, fields: &[Field], input: &Input) {
        let Some((name, arguments)) = fields.split_first() else { return };
        if !self.spend(fields.len()) {
            return;
        }
        let name = match name {
            Field::Text(name) => name.as_str(),
            Field::Pattern { .. } => return self.unresolved(Reason::Glob),
            Field::Unknown { why, .. } => return self.unresolved(*why),
        };
        match self.scope.function(name) {
            Some(body) => self.function(&body, arguments, input),
            None => self.nested(|walk| catalogue::run(walk, name, arguments, input)),
        }
    }
}
