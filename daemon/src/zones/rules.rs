//! Rules of one file, and which of them applies to a touch.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use trackway_protocol::record::{PathText, Repo, Risk};
use trackway_protocol::remote::identity;

use super::pattern::{Pattern, Tree, address_names, names};

mod file;

/// A way of touching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Touch {
    /// An agent was started there, or went there.
    Launch,
    /// A command of its own ran there.
    Command,
    /// A file there was read.
    Read,
    /// A file there was written.
    Write,
    /// It was told that it may work there as well.
    AddDir,
}

impl Touch {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 5] =
        [Self::Launch, Self::Command, Self::Read, Self::Write, Self::AddDir];

    /// Returns the word that rules use for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Launch => "launch",
            Self::Command => "command",
            Self::Read => "read",
            Self::Write => "write",
            Self::AddDir => "add-dir",
        }
    }

    /// Reads the word that rules use for it.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|touch| touch.as_str() == word)
    }
}

/// A rule: where who may not do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// What people call it; no other in the file has it.
    pub(crate) name: String,
    /// Why it is there, for people.
    pub(crate) reason: Option<String>,
    /// How grave it is; never none.
    pub(crate) severity: Risk,
    /// Patterns of directories and files, as typed.
    pub(crate) paths: Vec<String>,
    /// Patterns of repositories' addresses, as typed.
    pub(crate) remotes: Vec<String>,
    /// Whom it is about, sorted; empty where it is about all.
    pub(crate) agents: Vec<String>,
    /// What it is about, sorted; never empty.
    pub(crate) touches: Vec<Touch>,
    /// SHA-256 in hex of all that makes it what it is.
    pub(crate) hash: String,
}

impl Zone {
    fn is_about(&self, agent: Option<&str>, touch: Touch) -> bool {
        let names = |agent: &str| self.agents.iter().any(|named| named == agent);
        self.touches.contains(&touch)
            && agent.is_none_or(|agent| self.agents.is_empty() || names(agent))
    }
}

/// Why a file of rules cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", line.map_or_else(String::new, |line| format!("line {line}: ")))]
pub(crate) struct RulesError {
    /// Where it is, counted from 1; absent where it is all of the file.
    pub(crate) line: Option<usize>,
    /// What to do about it.
    pub(crate) reason: String,
}

/// A place that was touched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// A directory or a file, as an absolute path without symbolic links.
    pub(crate) path: &'a Path,
    /// The repository that it lies in.
    pub(crate) repo: Option<&'a Repo>,
}

/// What of a place matches a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    /// Its path.
    Path,
    /// Where its repository lies, although the path does not lie in that.
    Root,
    /// Where the main working tree of its repository lies.
    Main,
    /// The remote of its repository: an address, or where that lies on this machine.
    Remote,
    /// The same of the remote named `upstream`.
    Upstream,
}

impl By {
    /// Returns what people call it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Root => "repository",
            Self::Main => "main working tree",
            Self::Remote => "remote",
            Self::Upstream => "upstream",
        }
    }
}

/// A zone that a place lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit<'a> {
    /// The zone.
    pub(crate) zone: &'a Zone,
    /// The pattern of it that matches best, as typed.
    pub(crate) pattern: &'a str,
    /// What of the place matches that.
    pub(crate) by: By,
}

/// The rules of one file.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    zones: Vec<Zone>,
    /// The gravest first, then by the zones' names.
    patterns: Vec<Source>,
    paths: Tree,
    remotes: Tree,
}

/// Where a pattern is from: its zone, and its place in that zone's list.
#[derive(Clone, Copy, Debug)]
struct Source {
    zone: usize,
    list: List,
    at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Paths,
    Remotes,
}

/// A pattern that a place matches. The greatest is the most specific.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    /// After how many names of a path.
    depth: usize,
    literals: usize,
    pattern: Reverse<usize>,
    by: Reverse<By>,
}

impl Rules {
    /// Reads rules. `resolve` returns where a path leads that is there.
    pub(crate) fn parse(
        text: &str,
        home: Option<&Path>,
        resolve: &dyn Fn(&Path) -> Option<PathBuf>,
    ) -> Result<Self, RulesError> {
        let (zones, patterns) = file::read(text, home)?.into_iter().unzip();
        Ok(Self::new(zones, patterns, resolve))
    }

    /// Puts zones in order, each of which comes with what its patterns mean.
    fn new(
        zones: Vec<Zone>,
        patterns: Vec<[Vec<Vec<Pattern>>; 2]>,
        resolve: &dyn Fn(&Path) -> Option<PathBuf>,
    ) -> Self {
        let mut known = HashMap::new();
        let mut resolve = |path: &Path| -> Option<PathBuf> {
            if !known.contains_key(path) {
                known.insert(path.to_owned(), resolve(path));
            }
            known[path].clone()
        };
        let mut rules = Self { zones, ..Self::default() };
        let mut meanings = Vec::new();
        for (zone, lists) in patterns.into_iter().enumerate() {
            for (list, patterns) in [List::Paths, List::Remotes].into_iter().zip(lists) {
                let source = |at| Source { zone, list, at };
                meanings.extend(patterns.into_iter().enumerate().map(|(at, it)| (source(at), it)));
            }
        }
        meanings.sort_by_cached_key(|(source, _)| {
            let zone = &rules.zones[source.zone];
            (Reverse(zone.severity), zone.name.clone(), rules.typed(*source).to_owned())
        });
        for (number, (source, patterns)) in meanings.into_iter().enumerate() {
            rules.patterns.push(source);
            for pattern in patterns {
                if source.list == List::Remotes {
                    rules.remotes.insert(&pattern, number);
                    continue;
                }
                rules.paths.insert(&pattern, number);
                if let Some(resolved) = pattern.resolved(&mut resolve) {
                    rules.paths.insert(&resolved, number);
                }
            }
        }
        rules
    }

    /// Reads a bare list of patterns; an error comes with the number of its pattern. What begins with
    /// `remote:` is one of repositories' addresses.
    pub(crate) fn of_list(
        typed: &[String],
        home: Option<&Path>,
        resolve: &dyn Fn(&Path) -> Option<PathBuf>,
    ) -> Result<Self, (usize, String)> {
        let (mut places, mut addresses) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for (at, pattern) in typed.iter().enumerate() {
            let (list, meant) = match pattern.strip_prefix("remote:") {
                Some(address) => (&mut addresses, Pattern::of_remote(address)),
                None => (&mut places, Pattern::of_path(pattern, home).map(|it| vec![it])),
            };
            list.0.push(pattern.clone());
            list.1.push(meant.map_err(|why| (at, why))?);
        }
        if typed.is_empty() {
            return Ok(Self::default());
        }
        let zone = Zone {
            name: String::new(),
            reason: None,
            severity: Risk::Low,
            paths: places.0,
            remotes: addresses.0,
            agents: Vec::new(),
            touches: Touch::ALL.to_vec(),
            hash: String::new(),
        };
        Ok(Self::new(vec![zone], vec![[places.1, addresses.1]], resolve))
    }

    /// Whether a place lies in any zone.
    pub(crate) fn cover(&self, place: &Place<'_>) -> bool {
        let mut is_found = false;
        self.look(place, |_| is_found = true);
        is_found
    }

    /// Whether nothing is restricted.
    pub(crate) fn is_empty(&self) -> bool {
        self.zones.is_empty()
    }

    /// Returns the zones in the order of the file.
    pub(crate) fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// Returns the zone that applies to a touch: the most specific that names the agent and the way of
    /// touching. Of an agent that is not known every zone counts.
    pub(crate) fn judge(
        &self,
        place: &Place<'_>,
        agent: Option<&str>,
        touch: Touch,
    ) -> Option<Hit<'_>> {
        let mut best: Option<Match> = None;
        self.look(place, |found| {
            let zone = &self.zones[self.patterns[found.pattern.0].zone];
            if best.is_none_or(|best| best < found) && zone.is_about(agent, touch) {
                best = Some(found);
            }
        });
        best.map(|best| self.hit(best))
    }

    /// Returns all zones that a place lies in, the most specific first, whoever touches it how.
    pub(crate) fn all(&self, place: &Place<'_>) -> Vec<Hit<'_>> {
        let mut best = HashMap::<usize, Match>::new();
        self.look(place, |found| {
            let zone = self.patterns[found.pattern.0].zone;
            best.entry(zone).and_modify(|best| *best = found.max(*best)).or_insert(found);
        });
        let mut best: Vec<Match> = best.into_values().collect();
        best.sort_unstable_by_key(|found| Reverse(*found));
        best.into_iter().map(|found| self.hit(found)).collect()
    }

    fn hit(&self, found: Match) -> Hit<'_> {
        let source = self.patterns[found.pattern.0];
        Hit { zone: &self.zones[source.zone], pattern: self.typed(source), by: found.by.0 }
    }

    fn typed(&self, source: Source) -> &str {
        let zone = &self.zones[source.zone];
        match source.list {
            List::Paths => &zone.paths[source.at],
            List::Remotes => &zone.remotes[source.at],
        }
    }

    /// Calls `found` with each pattern that a place matches, more than once if in several ways.
    fn look(&self, place: &Place<'_>, mut found: impl FnMut(Match)) {
        if self.is_empty() {
            return;
        }
        let path = place.path.as_os_str().as_encoded_bytes();
        self.above(path, By::Path, None, &mut found);
        let Some(repo) = place.repo else { return };
        let root = bytes(&repo.root, repo.root_b64.as_deref());
        let lies_below = is_below(path, &root);
        let depth = names(if lies_below { &root } else { path }).count();
        if !lies_below {
            self.above(&root, By::Root, Some(depth), &mut found);
        }
        if let Some(main) = &repo.main {
            let main = bytes(main, repo.main_b64.as_deref());
            self.above(&main, By::Main, Some(depth), &mut found);
        }
        for (remote, by) in [(&repo.remote, By::Remote), (&repo.upstream, By::Upstream)] {
            if let Some(address) = remote {
                self.address(address, by, depth, &mut found);
            }
        }
    }

    /// Looks what a path lies in; a match counts as deep as it is, or as told.
    fn above(&self, path: &[u8], by: By, depth: Option<usize>, found: &mut impl FnMut(Match)) {
        if path.starts_with(b"/") && !self.paths.is_empty() {
            self.paths.above(names(path), |number, literals, own| {
                found(Match::new(depth.unwrap_or(own), literals, number, by));
            });
        }
    }

    fn address(&self, address: &str, by: By, depth: usize, found: &mut impl FnMut(Match)) {
        let is_url = address.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
        if self.remotes.is_empty() && !address.starts_with('/') && !is_url {
            return;
        }
        let form = identity(address);
        if form.starts_with('/') {
            self.above(form.as_bytes(), by, Some(depth), found);
        } else {
            self.remotes.whole(address_names(&form), |number, literals| {
                found(Match::new(depth, literals, number, by));
            });
        }
    }
}

impl Match {
    fn new(depth: usize, literals: usize, number: usize, by: By) -> Self {
        Self { depth, literals, pattern: Reverse(number), by: Reverse(by) }
    }
}

fn bytes<'a>(text: &'a str, b64: Option<&str>) -> std::borrow::Cow<'a, [u8]> {
    match b64 {
        Some(_) => PathText::bytes(text, b64).into(),
        None => text.as_bytes().into(),
    }
}

fn is_below(path: &[u8], dir: &[u8]) -> bool {
    let mut path = names(path);
    names(dir).all(|name| path.next() == Some(name))
}
