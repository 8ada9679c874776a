//! Goes through what was parsed as a shell would run it, without running anything.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::arguments::Grammar;
use super::parser::{self, Fault};
use super::scope::{Field, Scope};
use super::syntax::{AndOr, Command, Join, Kind, List, Pipeline, Word};
use super::{How, Likelihood, MAX_DEPTH, MAX_TEXT, MAX_WORK};
use super::{Reading, Reason, ShellTouch, Target, Unresolved, paths};

mod places;
mod simple;

/// One reading in progress.
pub(super) struct Walk {
    pub(super) home: Option<PathBuf>,
    pub(super) scope: Scope,
    /// Paths that the text has shown to be directories.
    directories: HashSet<PathBuf>,
    touches: Vec<ShellTouch>,
    seen: HashMap<(PathBuf, How, Target), usize>,
    unresolved: Unresolved,
    work: u32,
    depth: u32,
    /// Whether the rest of the text was given up: where the shell is afterwards is not known.
    broken: bool,
}

/// What a command has for an input.
#[derive(Clone, Default)]
pub(super) struct Input {
    /// Whether it is a pipe, a file or a text.
    pub(super) given: bool,
    /// The text of a here-document, where nothing in it is expanded.
    pub(super) text: Option<Rc<str>>,
}

/// A command with its arguments.
pub(super) struct Call<'c> {
    /// Without its directory.
    pub(super) name: &'c str,
    pub(super) arguments: &'c [Field],
    pub(super) input: &'c Input,
    pub(super) grammar: Grammar,
}

impl Walk {
    pub(super) fn new(cwd: &Path, home: Option<&Path>) -> Self {
        let cwd = paths::base(cwd);
        Self {
            home: home.and_then(paths::base),
            scope: Scope::new(cwd),
            directories: HashSet::new(),
            touches: Vec::new(),
            seen: HashMap::new(),
            unresolved: Unresolved::default(),
            work: MAX_WORK,
            depth: 0,
            broken: false,
        }
    }

    pub(super) fn finish(self) -> Reading {
        let cwd_after = self.scope.cwd.filter(|_| !self.broken);
        Reading { touches: self.touches, cwd_after, unresolved: self.unresolved }
    }

    /// Reads a text as the shell does that is given it.
    pub(super) fn text(&mut self, text: &str) {
        if text.len() > MAX_TEXT || !self.spend(text.len()) {
            return self.give_up(Reason::TooLarge);
        }
        let (list, fault) = parser::parse(text);
        self.list(&list);
        match fault {
            Some(Fault::Syntax) => self.give_up(Reason::Syntax),
            Some(Fault::TooDeep) => self.give_up(Reason::TooLarge),
            None => {}
        }
    }

    pub(super) fn arguments<'a>(&mut self, arguments: impl Iterator<Item = &'a str>) {
        let fields: Vec<_> = arguments.take(MAX_WORK as usize).map(Field::text).collect();
        self.run(&fields, &Input::default());
    }

    fn give_up(&mut self, reason: Reason) {
        self.broken = true;
        self.unresolved(reason);
    }

    pub(super) fn unresolved(&mut self, reason: Reason) {
        self.unresolved.add(reason);
    }

    /// Takes from the work that is left. Returns whether there was enough.
    pub(super) fn spend(&mut self, bytes: usize) -> bool {
        let units = u32::try_from(1 + bytes / 64).unwrap_or(u32::MAX);
        if self.work > 0 && self.work <= units {
            self.work = 0;
            self.give_up(Reason::TooLarge);
        }
        self.work = self.work.saturating_sub(units);
        self.work > 0
    }

    pub(super) fn list(&mut self, list: &List) {
        for and_or in list {
            if self.scope.ended || self.work == 0 {
                return;
            }
            if and_or.background {
                self.subshell(|walk| walk.and_or(and_or));
            } else {
                self.and_or(and_or);
            }
        }
    }

    fn and_or(&mut self, and_or: &AndOr) {
        let entry = self.scope.cwd.clone();
        self.pipeline(&and_or.first);
        let mut before = &and_or.first;
        for (join, pipeline) in &and_or.rest {
            match join {
                Join::Or => self.otherwise(&entry, pipeline),
                Join::And if is_test(before) => self.possible(|walk| walk.pipeline(pipeline)),
                Join::And => self.pipeline(pipeline),
            }
            before = pipeline;
        }
    }

    /// Runs what follows `||`: had a `cd` before it failed, it would be in another directory.
    fn otherwise(&mut self, entry: &Option<PathBuf>, pipeline: &Pipeline) {
        self.possible(|walk| {
            let moved = walk.scope.cwd != *entry;
            let cwd = walk.scope.cwd.clone();
            if moved {
                walk.scope.cwd = None;
            }
            walk.pipeline(pipeline);
            if moved && walk.scope.previous.is_some() && walk.scope.cwd.is_none() {
                walk.scope.cwd = cwd;
            }
        });
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        if let [command] = pipeline.as_slice() {
            return self.command(command, &Input::default());
        }
        for (index, command) in pipeline.iter().enumerate() {
            let input = Input { given: index > 0, text: None };
            self.subshell(|walk| walk.command(command, &input));
        }
    }

    /// Runs it in a shell of its own: nothing that it changes stays.
    pub(super) fn subshell(&mut self, run: impl FnOnce(&mut Self)) {
        let before = self.scope.clone();
        self.nested(run);
        self.scope = before;
    }

    /// Runs it as something that may be or not be.
    fn possible(&mut self, run: impl FnOnce(&mut Self)) {
        let before = self.scope.clone();
        self.scope.likelihood = Likelihood::Possible;
        run(self);
        let after = std::mem::replace(&mut self.scope, before);
        self.scope.merge(after);
    }

    /// Goes one level deeper, if that is not too deep.
    pub(super) fn nested(&mut self, run: impl FnOnce(&mut Self)) {
        if self.depth >= 2 * MAX_DEPTH {
            return self.give_up(Reason::TooLarge);
        }
        self.depth += 1;
        run(self);
        self.depth -= 1;
    }

    fn command(&mut self, command: &Command, input: &Input) {
        if !self.spend(0) {
            return;
        }
        if let Kind::Simple { assignments, words } = &command.kind {
            return self.simple(assignments, words, &command.redirects, input);
        }
        let piped = self.scope.piped;
        let input = self.redirects(&command.redirects, input);
        self.scope.piped |= input.given;
        self.nested(|walk| walk.compound(&command.kind));
        self.scope.piped = piped;
    }

    fn compound(&mut self, kind: &Kind) {
        match kind {
            Kind::Group(body) => self.list(body),
            Kind::Subshell(body) => self.subshell(|walk| walk.list(body)),
            Kind::If { arms, otherwise } => self.conditional(arms, otherwise.as_ref()),
            Kind::While { condition, body } => self.repetition(condition, body),
            Kind::For { name, words, body } => self.iteration(name, words.as_deref(), body),
            Kind::Case { subject, arms } => self.selection(subject, arms),
            Kind::Function { name, body } => self.scope.define(name, body),
            Kind::Test(words) => {
                self.fields(words);
            }
            Kind::Simple { .. } | Kind::Arithmetic => {}
        }
    }

    fn conditional(&mut self, arms: &[(List, List)], otherwise: Option<&List>) {
        let entry = self.scope.clone();
        let mut outcomes = Vec::new();
        for (condition, body) in arms {
            self.list(condition);
            self.scope.likelihood = Likelihood::Possible;
            outcomes.push(self.branch(body));
        }
        // A `cd` that is a condition may well fail.
        if !self.scope.is_like(&entry) {
            outcomes.push(entry.clone());
        }
        if let Some(body) = otherwise {
            self.list(body);
        }
        self.join(outcomes, entry.likelihood);
    }

    fn selection(&mut self, subject: &Word, arms: &[List]) {
        let likelihood = self.scope.likelihood;
        drop(self.field(subject));
        self.scope.likelihood = Likelihood::Possible;
        let outcomes = arms.iter().map(|body| self.branch(body)).collect();
        self.join(outcomes, likelihood);
    }

    /// Runs a branch and returns the state that it leads to; the present one stays.
    fn branch(&mut self, body: &List) -> Scope {
        let before = self.scope.clone();
        self.list(body);
        std::mem::replace(&mut self.scope, before)
    }

    fn join(&mut self, outcomes: Vec<Scope>, likelihood: Likelihood) {
        if !self.scope.skipping {
            self.scope.likelihood = likelihood;
        }
        for outcome in outcomes {
            self.scope.merge(outcome);
        }
    }

    /// Runs a loop's body once. If that changes directory or variables, further rounds would do
    /// something else.
    fn repetition(&mut self, condition: &List, body: &List) {
        self.list(condition);
        let before = self.scope.clone();
        self.possible(|walk| walk.list(body));
        if !self.scope.is_like(&before) {
            self.unresolved(Reason::Variable);
        }
        self.leave_loop(&before);
    }

    fn iteration(&mut self, name: &str, words: Option<&[Word]>, body: &List) {
        let values = match words {
            Some(words) => self.fields(words),
            None => vec![Field::Unknown { why: Reason::Variable, lead: String::new(), many: true }],
        };
        let before = self.scope.clone();
        for value in values {
            if self.work == 0 || self.scope.ended {
                break;
            }
            let certain = value.exact().is_some();
            self.scope.assign(name, Rc::new([value]));
            if certain {
                self.list(body);
            } else {
                self.possible(|walk| walk.list(body));
            }
        }
        self.leave_loop(&before);
    }

    fn leave_loop(&mut self, before: &Scope) {
        self.scope.likelihood = before.likelihood;
        self.scope.skipping = before.skipping;
    }

    /// Calls a function with its arguments.
    fn function(&mut self, body: &Command, arguments: &[Field], input: &Input) {
        let before = self.scope.clone();
        self.set_positional(arguments);
        self.nested(|walk| walk.command(body, input));
        self.leave_loop(&before);
        self.scope.restore_positional(&before);
    }

    pub(super) fn set_positional(&mut self, arguments: &[Field]) {
        self.scope.assign("@", arguments.into());
        self.scope.assign("*", arguments.into());
        for index in 1..=9 {
            let value = arguments.get(index - 1).cloned();
            let value = value.filter(|_| !arguments[..index].iter().any(Field::is_many));
            let value = value.unwrap_or_else(|| Field::unknown(Reason::Variable));
            self.scope.assign(&index.to_string(), Rc::new([value]));
        }
    }
}

/// Whether the pipeline asks something, rather than doing something that is expected to work.
fn is_test(pipeline: &Pipeline) -> bool {
    const TESTS: [&str; 8] = ["[", "test", "which", "type", "hash", "cmp", "pgrep", "false"];
    match pipeline.last().map(|command| &command.kind) {
        Some(Kind::Test(_) | Kind::Arithmetic) => true,
        Some(Kind::Simple { words, .. }) => {
            let mut words = words.iter().filter_map(Word::plain);
            let name = words.next().unwrap_or_default();
            TESTS.contains(&name)
                || (matches!(name, "grep" | "rg" | "diff") && words.any(is_quiet))
                || (name == "command"
                    && words.clone().next().is_some_and(|word| word.starts_with('-')))
                || (name == "git" && words.any(|word| matches!(word, "--quiet" | "--exit-code")))
        }
        _ => false,
    }
}

fn is_quiet(word: &str) -> bool {
    word == "--quiet" || (word.starts_with('-') && !word.starts_with("--") && word.contains('q'))
}
