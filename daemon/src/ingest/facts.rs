//! Sessions, directories and files.

use std::path::{Path, PathBuf};

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{
    self, Body, DirTouched, Evidence, FileAccessed, PathText, SessionMade,
};

use super::places::Place;
use super::{Ingest, Known, Reader};
use crate::enrich::normal::normal;
use crate::session::{
    Descent, Fact, How, Key, Link, Outcome, Session, Shell, Target, Touch, Who, Word,
};
use crate::store::Draft;

/// A quarter of an hour in milliseconds: a directory is recorded once in each.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// Who did something, when, and how that is known.
#[derive(Clone, Copy)]
pub(super) struct Deed<'a> {
    agent: &'a str,
    session: &'a str,
    fact: &'a Fact,
    at: Timestamp,
    evidence: Evidence,
    tool: &'a str,
    outcome: Outcome,
}

impl<'a> Deed<'a> {
    fn new(reader: &'a Reader, fact: &'a Fact) -> Self {
        let at = fact.at.unwrap_or_else(Timestamp::now);
        let (evidence, outcome) = (Evidence::Transcript, Outcome::Done);
        let (agent, session) = (reader.agent.name(), fact.who.session.as_str());
        Self { agent, session, fact, at, evidence, tool: "", outcome }
    }

    /// What the session did that a copied line was first written in. None where no line says which
    /// that was.
    fn of_origin(reader: &'a Reader, fact: &'a Fact) -> Option<Self> {
        let deed = Self::new(reader, fact);
        let origin = fact.origin.as_ref().map(Word::as_str);
        let session = if fact.copied { origin? } else { deed.session };
        Some(Self { session, ..deed })
    }

    /// Something that only a trace tells of.
    pub(super) fn of_trace(agent: &'a str, fact: &'a Fact, at: Timestamp) -> Self {
        let (evidence, outcome) = (Evidence::Registry, Outcome::Done);
        let session = fact.who.session.as_str();
        Self { agent, session, fact, at, evidence, tool: "", outcome }
    }

    fn subagent(self) -> Option<String> {
        text(self.fact.who.subagent.as_ref())
    }
}

impl Ingest {
    /// Something about a session became known or changed.
    pub(super) fn session(&mut self, reader: &mut Reader, fact: &Fact, now: &Session) {
        let is_placed = now.cwd.is_some() && std::mem::replace(&mut reader.known.placed, true);
        let is_own = fact.who.subagent.is_none();
        let is_new_file = is_own && std::mem::take(&mut reader.is_new);
        let deed = Deed::new(reader, fact);
        let place = now.cwd.as_ref().map(|cwd| self.places.dir(cwd.as_path(), deed.at));
        let mut body = describe(deed, now, place.as_ref());
        let started = started(deed.agent, deed.session);
        let is_first = is_own && !self.kept.has(started.0);
        if is_first {
            self.kept.set(started.0, Vec::new());
        }
        let facts = serde_json::to_vec(now).expect("it is plain data");
        let at = deed.at.ms().to_le_bytes();
        let whose = [deed.agent, deed.session].map(str::as_bytes);
        let is_new = self.is_new(Key::of("session fact", &[whose[0], whose[1], &at, &facts]));
        body.transcript = Some(PathText::from_os(&reader.path).text).filter(|_| is_first);
        if is_new || is_first {
            let body = Box::new(body);
            let body =
                if is_first { Body::SessionStarted(body) } else { Body::SessionUpdated(body) };
            self.put_down(deed, body);
        }
        if let Some(place) = place.filter(|place| place.dir.is_absolute()) {
            let how = if is_placed { "chdir" } else { "launch" };
            self.dir(deed, &place, how);
            if is_own && !fact.copied && reader.known.cwd.is_none() {
                reader.known.cwd = place.dir.to_str().map(ToOwned::to_owned);
            }
        }
        // A file that came back, or another one of the same session.
        if is_new_file && !is_first {
            self.tell_place(&reader.known, &reader.path);
        }
    }

    /// A tool was to touch a file or directory. A copy is its original's, which may be gone; what did
    /// not run or failed is no access.
    pub(super) fn touched(&mut self, reader: &Reader, fact: &Fact, touch: &Touch) {
        let Some(deed) = Deed::of_origin(reader, fact) else { return };
        if matches!(touch.outcome, Outcome::Rejected | Outcome::Failed) {
            return;
        }
        let Some(path) = absolute(&touch.path, touch.cwd.as_ref()) else { return };
        let deed = Deed { tool: touch.tool.as_str(), outcome: touch.outcome, ..deed };
        match touch.how {
            // The agent's own copies tell of files that its tools tell of as well.
            How::Tracked => {}
            How::Search | How::Work => {
                if !self.is_new(touch.key) {
                    return;
                }
                let place = match path.is_file() {
                    true => self.places.file(&path, deed.at),
                    false => self.places.dir(&path, deed.at),
                };
                self.dir(deed, &place, "search");
            }
            how => {
                let is_new = self.is_new(touch.key);
                if is_new && (!touch.in_shell || self.is_new_in_shell(deed, &path, how)) {
                    self.file(deed, &path, how, touch.lines.map(|it| (it.added, it.removed)));
                }
            }
        }
    }

    /// A shell call ended.
    pub(super) fn called(&mut self, reader: &mut Reader, fact: &Fact, call: &Shell) {
        if call.outcome == Outcome::Rejected {
            return;
        }
        // Calls are counted where they were made; what they touched is known by itself.
        if !fact.copied {
            if !self.is_new(call.key) {
                return;
            }
            let key = calls_key(reader.agent.name(), &fact.who);
            let (calls, unresolved) = self.calls(key);
            let unresolved = unresolved + u64::from(call.reading.unresolved > 0);
            let value = postcard::to_stdvec(&(calls + 1, unresolved));
            self.kept.set(key.0, value.expect("numbers are plain data"));
            reader.called = true;
        }
        let Some(deed) = Deed::of_origin(reader, fact) else { return };
        let deed = Deed { outcome: call.outcome, tool: "shell", ..deed };
        if let Some(cwd) = &call.cwd {
            let place = self.places.dir(cwd.as_path(), deed.at);
            self.dir(deed, &place, "command");
        }
        let deed = Deed { evidence: Evidence::Inferred, ..deed };
        for touch in &call.reading.touches {
            // Only the disk can tell a directory from a file that is named alike.
            if touch.is_dir || touch.path.is_dir() {
                let place = self.places.dir(&touch.path, deed.at);
                let how = match touch.how {
                    How::Work => "command",
                    How::Search => "search",
                    How::Read => "read",
                    _ => "write",
                };
                self.dir(deed, &place, how);
            } else if touch.how == How::Search {
                let place = self.places.file(&touch.path, deed.at);
                self.dir(deed, &place, "search");
            } else if self.is_new_in_shell(deed, &touch.path, touch.how) {
                self.file(deed, &touch.path, touch.how, None);
            }
        }
    }

    /// The work left a trace in version control. A copy tells of its original's.
    pub(super) fn made(&mut self, reader: &Reader, fact: &Fact, link: &Link) {
        let Some(deed) = Deed::of_origin(reader, fact) else { return };
        let (what, id) = match &link.to {
            Target::Commit(id) => ("commit", id.as_str()),
            Target::Push(branch) => ("push", branch.as_str()),
            Target::PullRequest(url) => ("pull-request", url.as_str()),
        };
        // Several sessions may work on what one link leads to.
        let whose = [deed.agent, deed.session, what].map(str::as_bytes);
        let key = Key::of("made", &[whose[0], whose[1], whose[2], &link.key.0]);
        if !self.is_new(key) {
            return;
        }
        let place = link.cwd.as_ref().map(|cwd| self.places.dir(cwd.as_path(), deed.at));
        let body = SessionMade {
            session: deed.session.to_owned(),
            subagent: deed.subagent(),
            agent: deed.agent.to_owned(),
            what: what.to_owned(),
            id: id.to_owned(),
            number: (what == "pull-request").then(|| number(id)).flatten(),
            repo: place.as_ref().and_then(|place| place.repo.clone()),
            repo_unknown: place.and_then(|place| place.repo_unknown),
        };
        self.put_down(deed, Body::SessionMade(Box::new(body)));
    }

    /// Records how many shell calls are known, whatever files told of them.
    pub(super) fn tell_calls(&mut self, reader: &mut Reader) {
        if !std::mem::take(&mut reader.called) {
            return;
        }
        let Some(who) = reader.known.who() else { return };
        let agent = reader.agent.name();
        let (calls, unresolved) = self.calls(calls_key(agent, &who));
        let body = record::Session {
            session: who.session.as_str().to_owned(),
            subagent: text(who.subagent.as_ref()),
            agent: agent.to_owned(),
            shell_calls: Some(calls),
            unresolved_calls: Some(unresolved),
            ..record::Session::default()
        };
        self.note(Timestamp::now(), body);
    }

    /// Returns how many shell calls are known, and of how many some access could not be told.
    fn calls(&self, key: Key) -> (u64, u64) {
        let known = self.kept.get(key.0);
        known.and_then(|known| postcard::from_bytes(&known).ok()).unwrap_or_default()
    }

    /// Records where a session's file is from now on.
    pub(super) fn tell_place(&mut self, known: &Known, path: &Path) {
        let Some(who) = known.who().filter(|who| who.subagent.is_none()) else { return };
        let body = record::Session {
            session: who.session.as_str().to_owned(),
            agent: known.agent.clone(),
            transcript: Some(PathText::from_os(path).text),
            ..record::Session::default()
        };
        self.note(Timestamp::now(), body);
    }

    /// Records that a session file is gone.
    pub(super) fn tell_gone(&mut self, known: &Known, path: &Path, missed: Timestamp) {
        let Some(session) = known.session.clone() else { return };
        let body = record::Session {
            session,
            subagent: known.subagent.clone(),
            agent: known.agent.clone(),
            transcript: Some(PathText::from_os(path).text),
            transcript_gone: true,
            ..record::Session::default()
        };
        self.note(missed, body);
    }

    fn note(&mut self, at: Timestamp, body: record::Session) {
        let (evidence, replaces) = (Evidence::Transcript, None);
        let body = Body::SessionUpdated(Box::new(body));
        self.record(Draft { at, evidence, replaces, body });
    }

    /// What an agent says of a shell call, what the call's text says, and all copies of that are one
    /// access. The path is the one that was told: where that leads may change.
    fn is_new_in_shell(&mut self, deed: Deed<'_>, path: &Path, how: How) -> bool {
        let (whose, at) = (deed.session.as_bytes(), deed.at.ms().to_le_bytes());
        let told = normal(path);
        let told = told.as_os_str().as_encoded_bytes();
        self.is_new(Key::of("access", &[whose, &at, format!("{how:?}").as_bytes(), told]))
    }

    fn file(&mut self, deed: Deed<'_>, path: &Path, how: How, lines: Option<(u64, u64)>) {
        let how = match how {
            How::Read => "read",
            How::Write => "write",
            How::Create => "create",
            How::Delete => "delete",
            How::Rename => "rename",
            How::Search | How::Work | How::Tracked => return,
        };
        let place = self.places.file(path, deed.at);
        let text = PathText::from_os(&place.path).text;
        let body = FileAccessed {
            launch: None,
            session: Some(deed.session.to_owned()),
            subagent: deed.subagent(),
            agent: deed.agent.to_owned(),
            path_as_told: Some(PathText::from_os(path).text).filter(|told| *told != text),
            path: text,
            repo: place.repo.clone(),
            repo_unknown: place.repo_unknown.clone(),
            how: how.to_owned(),
            tool: deed.tool.to_owned(),
            changed: false,
            outcome: match deed.outcome {
                Outcome::Done => None,
                Outcome::Failed | Outcome::Rejected => Some("failed".to_owned()),
                Outcome::Unknown => Some("unknown".to_owned()),
            },
            lines_added: lines.map(|(added, _)| added),
            lines_removed: lines.map(|(_, removed)| removed),
        };
        self.put_down(deed, Body::FileAccessed(Box::new(body)));
        self.dir(deed, &place, if how == "read" { "read" } else { "write" });
    }

    /// Records a directory, once in each quarter-hour.
    pub(super) fn dir(&mut self, deed: Deed<'_>, place: &Place, how: &str) {
        let path = PathText::from_os(&place.dir);
        let quarter = deed.at.ms().div_euclid(QUARTER_MS).to_le_bytes();
        let parts = [deed.agent, deed.session, &path.text, how].map(str::as_bytes);
        let key = Key::of("directory", &[parts[0], parts[1], parts[2], parts[3], &quarter]);
        if !self.is_new(key) {
            return;
        }
        if let Some(configuration) = &mut self.configuration {
            configuration.dir(&place.dir);
        }
        let body = DirTouched {
            launch: None,
            session: Some(deed.session.to_owned()),
            agent: None,
            dir: path.text,
            dir_b64: path.b64,
            repo: place.repo.clone(),
            repo_unknown: place.repo_unknown.clone(),
            how: how.to_owned(),
        };
        self.put_down(deed, Body::DirTouched(body));
    }

    pub(super) fn put_down(&mut self, deed: Deed<'_>, body: Body) {
        let Deed { at, evidence, .. } = deed;
        self.record(Draft { at, evidence, replaces: None, body });
    }

    /// Records something, unless it is of a time in which nothing is to be.
    pub(super) fn record(&mut self, draft: Draft) {
        if !self.pauses.cover(draft.at) {
            self.kept.record(draft.into_record());
        }
    }

    /// Whether nothing is known by a key yet; from now on it is.
    pub(super) fn is_new(&mut self, key: Key) -> bool {
        let is_new = !self.kept.has(key.0);
        if is_new {
            self.kept.set(key.0, Vec::new());
        }
        is_new
    }
}

/// By what the number of a session's shell calls is known.
fn calls_key(agent: &str, who: &Who) -> Key {
    let subagent = who.subagent.as_ref().map_or("", Word::as_str);
    let parts = [agent, who.session.as_str(), subagent].map(str::as_bytes);
    Key::of("shell calls", &parts)
}

impl Known {
    /// Returns whose file it is, as far as its lines say.
    fn who(&self) -> Option<Who> {
        let session = Word::new(self.session.as_deref()?)?;
        Some(Who { session, subagent: self.subagent.as_deref().and_then(Word::new) })
    }
}

/// By what it is known that a session file tells of a session.
pub(super) fn started(agent: &str, session: &str) -> Key {
    Key::of("session started", &[agent.as_bytes(), session.as_bytes()])
}

fn describe(deed: Deed<'_>, now: &Session, place: Option<&Place>) -> record::Session {
    record::Session {
        session: deed.session.to_owned(),
        subagent: deed.subagent(),
        agent: deed.agent.to_owned(),
        agent_version: text(now.version.as_ref()),
        parent_session: now.parent.as_ref().map(|parent| parent.session.as_str().to_owned()),
        descent: now.parent.as_ref().map(|parent| {
            match parent.how {
                Descent::Subagent => "subagent",
                Descent::Fork => "fork",
            }
            .to_owned()
        }),
        continued_in: text(now.continued_in.as_ref()),
        cwd: place.map(|place| PathText::from_os(&place.dir).text),
        repo: place.and_then(|place| place.repo.clone()),
        repo_unknown: place.and_then(|place| place.repo_unknown.clone()),
        model: text(now.model.as_ref()),
        permission_mode: text(now.permission_mode.as_ref()),
        approval_policy: text(now.approval_policy.as_ref()),
        sandbox: text(now.sandbox.as_ref()),
        provider: text(now.provider.as_ref()),
        entrypoint: text(now.entrypoint.as_ref()),
        source: text(now.source.as_ref()),
        ..record::Session::default()
    }
}

/// Returns the number with which the URL of a pull request ends.
fn number(url: &str) -> Option<u64> {
    url.trim_end_matches('/').rsplit('/').next()?.parse().ok()
}

fn text(word: Option<&Word>) -> Option<String> {
    word.map(|word| word.as_str().to_owned())
}

/// Returns a path from the root on; none where nobody says from where it counts.
fn absolute(path: &crate::session::Place, cwd: Option<&crate::session::Place>) -> Option<PathBuf> {
    let path =
        cwd.map_or_else(|| path.as_path().to_owned(), |cwd| cwd.as_path().join(path.as_path()));
    path.is_absolute().then_some(path)
}
