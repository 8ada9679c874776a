//! The places in which configuration lies.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};

use std::time::Instant;

use super::catalogue::{Base, FileRule};
use super::expand::{self, Found, Wanted};
use crate::agents::{self, Agent};
use crate::enrich::normal::normal;

/// How many places there may be.
pub(super) const MOST: usize = 20_000;

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// An agent's own directory.
    Home(&'static str),
    /// The directory above an agent's default one.
    BesideHome(&'static str),
    /// A directory that agents work in.
    Project,
    /// A directory of whoever administers the machine.
    Managed(&'static str),
}

impl Kind {
    /// Returns a word that tells places in one directory apart.
    pub(super) fn word(self) -> String {
        match self {
            Self::Home(agent) => format!("home {agent}"),
            Self::BesideHome(agent) => format!("beside {agent}"),
            Self::Project => "project".to_owned(),
            Self::Managed(agent) => format!("managed {agent}"),
        }
    }

    fn has(self, agent: &dyn Agent, base: Base) -> bool {
        match (self, base) {
            (Self::Home(name), Base::Home) | (Self::BesideHome(name), Base::BesideHome) => {
                agent.name() == name
            }
            (Self::Managed(name), Base::Managed(_)) => agent.name() == name,
            (Self::Project, Base::Project) => true,
            _ => false,
        }
    }
}

/// One place.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) dir: PathBuf,
    /// Files that were there when it was last looked at.
    pub(super) files: BTreeSet<PathBuf>,
    /// Directories that are watched for it.
    pub(super) dirs: Vec<PathBuf>,
    /// Whether it ever had any.
    pub(super) had_files: bool,
    /// When it was last looked at by this run.
    pub(super) looked: Option<Instant>,
    /// Whether it has more files than are looked at.
    pub(super) is_cut: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) all: Vec<Place>,
    known: HashMap<(Kind, PathBuf), usize>,
    homes: Vec<(&'static str, PathBuf)>,
    /// Projects, the first ones first: where there are too many, one without files makes room.
    projects: VecDeque<usize>,
    /// Numbers that are free.
    free: Vec<usize>,
    /// How many directories are not watched, because they are too many.
    pub(super) left_out: u64,
}

/// A file of a configuration.
pub(super) struct ConfigFile {
    pub(super) agent: &'static dyn Agent,
    pub(super) rule: &'static FileRule,
    pub(super) path: PathBuf,
}

impl Places {
    /// Adds a place; returns its number where it is new.
    pub(super) fn add(&mut self, kind: Kind, dir: &Path) -> Option<usize> {
        let key = (kind, dir.to_owned());
        if self.known.contains_key(&key) {
            return None;
        }
        if self.is_full() {
            self.left_out += 1;
            return None;
        }
        if let Kind::Home(agent) = kind {
            self.homes.push((agent, dir.to_owned()));
        }
        let (files, dirs, had_files, looked, is_cut) = Default::default();
        let place = Place { kind, dir: dir.to_owned(), files, dirs, had_files, looked, is_cut };
        let number = match self.free.pop() {
            Some(number) => {
                self.all[number] = place;
                number
            }
            None => {
                self.all.push(place);
                self.all.len() - 1
            }
        };
        self.known.insert(key, number);
        if kind == Kind::Project {
            self.projects.push_back(number);
        }
        Some(number)
    }

    /// Returns the number of a place.
    pub(super) fn number(&self, kind: Kind, dir: &Path) -> Option<usize> {
        self.known.get(&(kind, dir.to_owned())).copied()
    }

    pub(super) fn is_full(&self) -> bool {
        self.all.len() - self.free.len() >= MOST
    }

    /// Returns a project that never had a file, of those the one that came first.
    pub(super) fn dispensable(&mut self) -> Option<usize> {
        for _ in 0..self.projects.len() {
            let number = self.projects.pop_front()?;
            let place = &self.all[number];
            if self.number(place.kind, &place.dir) != Some(number) {
                continue;
            }
            if !place.had_files && place.looked.is_some() {
                return Some(number);
            }
            self.projects.push_back(number);
        }
        None
    }

    /// Forgets a place, whose directories are watched no more.
    pub(super) fn remove(&mut self, number: usize) {
        let place = &self.all[number];
        if self.known.remove(&(place.kind, place.dir.clone())).is_some() {
            self.free.push(number);
        }
    }

    /// Whether a file is one of an agent's own directory.
    fn is_of_home(&self, path: &Path) -> bool {
        self.homes.iter().any(|(name, home)| {
            let Ok(below) = path.strip_prefix(home) else { return false };
            let agents = agents::CATALOGUE.iter().filter(|agent| agent.name() == *name);
            let rules = agents.flat_map(|agent| agent.configuration().files);
            rules.filter(|rule| rule.base == Base::Home).any(|rule| is_of(rule.path, below))
        })
    }

    /// Finds the files of a place, and the directories in which more may appear.
    pub(super) fn find(&self, number: usize) -> (Vec<ConfigFile>, Wanted, bool) {
        let place = &self.all[number];
        let (mut files, mut found): (Vec<ConfigFile>, _) = (Vec::new(), Found::default());
        for agent in agents::CATALOGUE {
            let rules = agent.configuration().files.iter();
            for rule in rules.filter(|rule| place.kind.has(*agent, rule.base)) {
                found.expand(&place.dir, rule.path);
                for path in std::mem::take(&mut found.files) {
                    // An agent may work in its own directory, or above it: its files are the user's.
                    if place.kind == Kind::Project && self.is_of_home(&path) {
                        continue;
                    }
                    wait_for_target(&path, &mut found.wanted);
                    files.push(ConfigFile { agent: *agent, rule, path });
                }
            }
        }
        if !place.dir.is_dir() {
            expand::wait_for(&place.dir, &mut found.wanted);
        }
        (files, found.wanted, found.is_cut)
    }

    /// Returns the rule of a file that is not there any more.
    pub(super) fn rule_of(&self, number: usize, path: &Path) -> Option<ConfigFile> {
        let place = &self.all[number];
        let below = path.strip_prefix(&place.dir).ok()?;
        agents::CATALOGUE.iter().find_map(|agent| {
            let rules = agent.configuration().files.iter();
            let mut of_place = rules.filter(|rule| place.kind.has(*agent, rule.base));
            let rule = of_place.find(|rule| is_of(rule.path, below))?;
            Some(ConfigFile { agent: *agent, rule, path: path.to_owned() })
        })
    }
}

/// Where a file is a link, adds the directory in which what it leads to lies, or would lie.
fn wait_for_target(path: &Path, wanted: &mut Wanted) {
    let Ok(link) = path.read_link() else { return };
    let dir = path.parent().unwrap_or(Path::new("/"));
    match path.canonicalize() {
        Ok(target) => {
            if let (Some(dir), Some(name)) = (target.parent(), target.file_name()) {
                let name = name.to_string_lossy().into_owned();
                wanted.entry(dir.to_owned()).or_default().push(name.into());
            }
        }
        Err(_) => expand::wait_for(&normal(&dir.join(link)), wanted),
    }
}

/// Whether a path below a base fits a pattern.
fn is_of(pattern: &str, below: &Path) -> bool {
    fn fits(pattern: &[&str], parts: &[&[u8]]) -> bool {
        match (pattern, parts) {
            ([], []) => true,
            (["**", rest @ ..], _) => {
                fits(rest, parts)
                    || parts.split_first().is_some_and(|(_, rest)| fits(pattern, rest))
            }
            ([first, rest @ ..], [part, parts @ ..]) => {
                agents::layout::fits(first, part) && fits(rest, parts)
            }
            _ => false,
        }
    }
    let pattern: Vec<&str> = pattern.split('/').collect();
    let parts: Vec<&[u8]> = below.iter().map(|part| part.as_encoded_bytes()).collect();
    fits(&pattern, &parts)
}
