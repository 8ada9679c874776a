//! Looks at files, compares them with what was known, and makes records of what is new.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trackway_protocol::ids::{RecordId, Timestamp};
use trackway_protocol::record::{
    Body, ConfigChange, ConfigChanged, Evidence, PathText, Repo, Risk,
};

use super::catalogue::{Base, When};
use super::compare::compare;
use super::entry::Entry;
use super::places::{self, ConfigFile, Place};
use super::read::{self, Looked, Sign, State};
use crate::enrich::repo::lookup::{Find, Found};
use crate::session::Key;
use crate::store::ingest::{Closed, Kept};
use crate::store::{Draft, StoreError};

/// How many changes one record tells; more are told in another.
const OF_RECORD: usize = 200;
/// How often a file that is not whole is looked at again.
const PATIENCE: u32 = 8;

/// Makes the records.
pub(super) struct Recorder {
    kept: Kept,
    salt: Vec<u8>,
    find: Find,
    /// Files as they were last looked at by this run.
    seen: HashMap<PathBuf, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    sign: Option<Sign>,
    /// How often it was found not to be whole.
    tries: u32,
}

/// What is kept of a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Snapshot {
    state: String,
    sha256: Option<String>,
    entries: Vec<Entry>,
    /// When it was last recorded.
    at_ms: i64,
}

impl Snapshot {
    /// Whether something is not said any more.
    fn says_more_than(&self, looked: &Looked) -> bool {
        // Those of files are sorted by key.
        let now = &looked.entries.entries;
        let is_said = |entry: &Entry| now.binary_search_by(|now| now.key.cmp(&entry.key)).is_ok();
        !self.entries.iter().all(is_said)
    }
}

/// What became of a look at a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// It may not have been written to its end, or may be written again unseen.
    Young,
}

impl Recorder {
    /// Begins with what is kept.
    ///
    /// # Errors
    ///
    /// That it cannot be read: everything would be taken for new.
    pub(super) fn new(kept: Kept) -> Result<Self, StoreError> {
        let mut kept = kept.aside();
        let key = Key::of("config salt", &[]);
        let salt = kept.read(key.0)?.unwrap_or_else(|| {
            // Ids are random enough, of which two are.
            let salt = [RecordId::new(), RecordId::new()].map(|id| id.to_string());
            let salt = salt.concat().into_bytes();
            kept.set(key.0, salt.clone());
            salt
        });
        Ok(Self { kept, salt, find: Find::new(), seen: HashMap::new() })
    }

    /// Returns the directories that agents are known to have worked in, the last ones first and one
    /// more than there is place for, and agents' own ones.
    pub(super) fn known(&self) -> (Vec<PathBuf>, Vec<(String, PathBuf)>) {
        (self.kept.touched_dirs(places::MOST + 1), self.kept.homes())
    }

    /// Returns the repository of a directory, without what changes with each commit.
    pub(super) fn repo(&self, dir: &Path) -> Option<Repo> {
        match self.find.repo(dir) {
            Found::Repo(repo) => Some(Repo { branch: None, commit: None, ..repo }),
            Found::None | Found::Unknown(_) => None,
        }
    }

    /// Returns the files that a former run found in a place; none where it was never looked at.
    pub(super) fn files_of(&self, place: &Place) -> Option<BTreeSet<PathBuf>> {
        let files = self.kept.get(place_key(place).0)?;
        let files = serde_json::from_slice::<Vec<PathBuf>>(&files).unwrap_or_default();
        Some(files.into_iter().collect())
    }

    /// Keeps which files a place has.
    pub(super) fn keep_files(&mut self, place: &Place) {
        let files: Vec<_> = place.files.iter().map(|path| path.to_string_lossy()).collect();
        let value = serde_json::to_vec(&files).expect("it is plain data");
        self.kept.set(place_key(place).0, value);
    }

    /// Hands over what is recorded.
    pub(super) fn hand_over(&mut self) -> Result<(), Closed> {
        self.kept.hand_over()
    }

    /// Looks at one file, and records what is new. `found`: its place is looked at for the first time.
    pub(super) fn look(&mut self, file: &ConfigFile, place: &Place, found: bool) -> Outcome {
        let sign = read::sign(&file.path).ok().flatten().map(|(sign, _)| sign);
        let seen = self.seen.entry(file.path.clone()).or_default();
        if sign.is_some() && seen.sign == sign {
            return Outcome::Done;
        }
        let looked = read::read(&file.path, file.rule.format, &self.salt);
        let is_half = matches!(looked.state, State::Unreadable(_)) || looked.size == Some(0);
        if is_half && looked.is_young && seen.tries < PATIENCE {
            seen.tries += 1;
            return Outcome::Young;
        }
        let tries = seen.tries;
        let key = file_key(file);
        let Ok(before) = self.kept.read(key.0) else { return Outcome::Young };
        let before: Option<Snapshot> =
            before.and_then(|before| serde_json::from_slice(&before).ok());
        // What is no longer said may only not be written yet.
        let says_less = before.as_ref().is_some_and(|before| before.says_more_than(&looked));
        if says_less && looked.is_young && tries == 0 && looked.state == State::Present {
            self.seen.entry(file.path.clone()).or_default().tries = 1;
            return Outcome::Young;
        }
        let outcome = if looked.is_fresh { Outcome::Young } else { Outcome::Done };
        let sign = looked.sign.clone().filter(|_| !looked.is_fresh);
        match looked.state {
            State::Absent => drop(self.seen.remove(&file.path)),
            _ => drop(self.seen.insert(file.path.clone(), Seen { sign, tries: 0 })),
        }
        // Of a file that nobody knew and that is gone there is nothing to tell.
        if before.is_none() && looked.state == State::Absent {
            return outcome;
        }
        let found = found && before.is_none();
        self.record(file, place, found, &before.unwrap_or_default(), looked);
        outcome
    }

    fn record(
        &mut self,
        file: &ConfigFile,
        place: &Place,
        found: bool,
        before: &Snapshot,
        looked: Looked,
    ) {
        let catalogue = file.agent.configuration();
        let scope = file.rule.scope;
        // What cannot be read says nothing new; it is compared when it can be read again.
        let after = match &looked.state {
            State::Unreadable(_) => &before.entries,
            _ => &looked.entries.entries,
        };
        // Of the same text nothing is new but what is told of the file: the tables may have changed.
        let is_same = looked.sha256.is_some() && looked.sha256 == before.sha256;
        let of_files = |entries: &[Entry]| -> Vec<Entry> {
            entries.iter().filter(|entry| entry.key[0].starts_with('@')).cloned().collect()
        };
        let mut changes = match is_same {
            true => compare(&of_files(&before.entries), &of_files(after), scope, catalogue.risks),
            false => compare(&before.entries, after, scope, catalogue.risks),
        };
        let state = looked.state.as_str();
        let was_there = matches!(&*before.state, "present" | "unreadable");
        // That it is there is plain from what it says.
        let is_plain = !was_there && state == "present" && !changes.is_empty();
        if before.state != state && !is_plain {
            let of_file =
                of_file(was_there.then_some(&*before.state), &looked.state, catalogue.risks);
            changes.insert(0, of_file);
        }
        if changes.is_empty() && before.state == state && before.entries == *after {
            return;
        }
        let now = Timestamp::now();
        let at = if found { now } else { looked.changed_at().unwrap_or(now).min(now) };
        // A file's clock goes by the tick, and may be set: what is told later happened later.
        let at = if changes.is_empty() { before.at_ms } else { at.ms().max(before.at_ms) };
        let snapshot = Snapshot {
            state: state.to_owned(),
            sha256: looked.sha256.clone(),
            entries: after.clone(),
            at_ms: at,
        };
        let value = serde_json::to_vec(&snapshot).expect("it is plain data");
        self.kept.set(file_key(file).0, value);
        if changes.is_empty() {
            return;
        }
        let at = Timestamp::from_ms(at);
        let is_project = file.rule.base == Base::Project;
        // Looked up now: it may have become a repository since.
        let repo = is_project.then(|| self.repo(&place.dir)).flatten();
        for changes in changes.chunks(OF_RECORD) {
            let path = PathText::from_os(&file.path);
            let body = ConfigChanged {
                agent: file.agent.name().to_owned(),
                scope: scope.as_str().to_owned(),
                file: file.rule.kind.to_owned(),
                path: path.text,
                path_b64: path.b64,
                dir: is_project.then(|| PathText::from_os(&place.dir).text),
                repo: repo.clone(),
                found,
                state: state.to_owned(),
                unreadable: match &looked.state {
                    State::Unreadable(why) => Some(why.clone()),
                    _ => None,
                },
                modified_at: looked.modified_at,
                size: looked.size,
                before_sha256: before.sha256.clone(),
                after_sha256: looked.sha256.clone(),
                changes: changes.to_vec(),
                left_out: looked.entries.left_out,
            };
            let body = Body::ConfigChanged(Box::new(body));
            let draft = Draft { at, evidence: Evidence::Config, replaces: None, body };
            self.kept.record(draft.into_record());
        }
    }
}

/// A change of the file as a whole.
fn of_file(
    before: Option<&str>,
    state: &State,
    risks: &[super::catalogue::RiskRule],
) -> ConfigChange {
    let after = (*state != State::Absent).then(|| state.as_str());
    let what = match (before, after) {
        (None, _) => "set",
        (Some(_), Some(_)) => "changed",
        (Some(_), None) => "unset",
    };
    let rule = risks.iter().find(|rule| match rule.when {
        When::Is(words) => rule.key == "@file" && after.is_some_and(|it| words.contains(&it)),
        _ => false,
    });
    ConfigChange {
        key: "@file".to_owned(),
        what: what.to_owned(),
        before: before.map(Value::from),
        after: after.map(Value::from),
        risk: rule.map_or(Risk::None, |rule| rule.risk),
        why: rule.map(|rule| match state {
            State::Unreadable(reason) => format!("{reason}: {}", rule.why),
            _ => rule.why.to_owned(),
        }),
    }
}

fn place_key(place: &Place) -> Key {
    let dir = place.dir.as_os_str().as_encoded_bytes();
    Key::of("config place", &[place.kind.word().as_bytes(), dir])
}

fn file_key(file: &ConfigFile) -> Key {
    let path = file.path.as_os_str().as_encoded_bytes();
    Key::of("config file", &[file.agent.name().as_bytes(), path])
}
