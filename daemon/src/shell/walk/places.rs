//! What a command does to paths, and where it does it.

use std::path::PathBuf;

use super::Walk;
use crate::shell::scope::Field;
use crate::shell::{How, MAX_TOUCHES, Reason, ShellTouch, Target, paths};

impl Walk {
    /// Reports what is done with the path that an argument names.
    pub(in crate::shell) fn touch(&mut self, field: &Field, how: How, target: Target) {
        match field {
            Field::Text(text) => self.touch_text(text, how, target),
            Field::Pattern { text, cut } => {
                self.unresolved(Reason::Glob);
                let directory = if *cut == 0 { "." } else { &text[..*cut] };
                let directory = directory.to_owned();
                self.touch_text(&directory, how, Target::Within);
            }
            Field::Unknown { why, .. } => self.unresolved(*why),
        }
    }

    pub(in crate::shell) fn touch_text(&mut self, text: &str, how: How, target: Target) {
        match paths::resolve(text, self.scope.cwd.as_deref()) {
            Ok(Some(resolved)) => {
                let directory = resolved.directory || self.directories.contains(&resolved.path);
                let target =
                    if target == Target::Either && directory { Target::Directory } else { target };
                self.add(resolved.path, how, target);
            }
            Ok(None) => {}
            Err(reason) => self.unresolved(reason),
        }
    }

    /// Reports something that is done in the directory in force.
    pub(in crate::shell) fn touch_here(&mut self, how: How, target: Target) {
        match self.scope.cwd.clone() {
            Some(cwd) => self.add(cwd, how, target),
            None => self.unresolved(Reason::Directory),
        }
    }

    /// Whether this is known to be a directory: by the way it is written, or from what came before.
    pub(in crate::shell) fn is_directory(&self, text: &str) -> bool {
        paths::resolve(text, self.scope.cwd.as_deref())
            .ok()
            .flatten()
            .is_some_and(|resolved| resolved.directory || self.directories.contains(&resolved.path))
    }

    fn add(&mut self, path: PathBuf, how: How, target: Target) {
        let likelihood = self.scope.likelihood;
        if matches!(target, Target::Directory | Target::Within) {
            self.directories.insert(path.clone());
        }
        let key = (path, how, target);
        if let Some(index) = self.seen.get(&key) {
            let touch = &mut self.touches[*index];
            touch.likelihood = touch.likelihood.min(likelihood);
            return;
        }
        if self.touches.len() >= MAX_TOUCHES {
            return self.unresolved(Reason::TooLarge);
        }
        let path = key.0.clone();
        self.seen.insert(key, self.touches.len());
        self.touches.push(ShellTouch { path, how, target, likelihood });
    }

    /// Goes to the directory that an argument names.
    pub(in crate::shell) fn change_directory(&mut self, field: &Field) {
        let to = match field {
            Field::Text(text) => paths::resolve(text, self.scope.cwd.as_deref()),
            Field::Pattern { .. } => Err(Reason::Glob),
            Field::Unknown { why, .. } => Err(*why),
        };
        self.go(to.and_then(|to| to.map(|to| to.path).ok_or(Reason::Directory)));
    }

    pub(in crate::shell) fn go(&mut self, to: Result<PathBuf, Reason>) {
        match to {
            Ok(path) => {
                self.add(path.clone(), How::Chdir, Target::Directory);
                self.scope.change_directory(Some(path));
            }
            Err(reason) => {
                self.unresolved(reason);
                self.scope.change_directory(None);
            }
        }
    }

    /// Runs something in the directory that an argument names, as `-C` does.
    pub(in crate::shell) fn inside(
        &mut self,
        directory: Option<&Field>,
        run: impl FnOnce(&mut Self),
    ) {
        let before = self.scope.cwd.clone();
        if let Some(directory) = directory {
            let to = match directory {
                Field::Text(text) => paths::resolve(text, before.as_deref()).ok().flatten(),
                _ => None,
            };
            if let Field::Unknown { why, .. } = directory {
                self.unresolved(*why);
            }
            self.scope.cwd = to.map(|to| to.path);
        }
        run(self);
        self.scope.cwd = before;
    }
}
