//! Claude Code's session files: `projects/<slug>/<session>.jsonl` and what subagents write beside.
//!
//! The format is internal to the agent and changes between its versions, so what is not known is
//! counted, and nothing depends on the order of keys or on spacing.
//!
//! # Calls and results
//!
//! A tool's call is on an `assistant` line, its result on a later `user` line. Only the result tells
//! whether the call was an access, so calls wait for it: paths and ids, a bounded number of them.
//!
//! # Copies
//!
//! A fork begins with lines of the session it was forked from, under its own session id. Their
//! `uuid` stays, so keys are made of that. Newer versions also mark most of them; in a file of an
//! older one they are older than the line that the file begins with.

mod attachment;
mod call;
mod line;
mod result;
mod usage;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use trackway_protocol::ids::Timestamp;

use crate::session::drift::Kind;
use crate::session::json::{self, Str};
use crate::session::{
    Descent, Drift, Fact, How, Key, LineError, Link, Outcome, Parent, Parser, Place, ReadShell,
    Session, Target, Touch, What, Who, Word,
};

use call::Call;
use line::Line;

/// Calls that wait for their results.
const MOST_CALLS: usize = 256;
/// Tracked files that were told already.
const MOST_TRACKED: usize = 1024;

/// Reads the lines of one session file.
#[derive(Default)]
pub(crate) struct Transcript {
    state: State,
    drift: Drift,
}

/// What lines tell about later ones.
#[derive(Default, Serialize, Deserialize)]
struct State {
    who: Option<Who>,
    session: Session,
    /// The time of the first line that has one.
    begin: Option<i64>,
    /// Whether a line of the session's own was seen: no copies come after it.
    is_past_copies: bool,
    calls: Vec<Call>,
    tracked: Vec<u64>,
}

impl Transcript {
    /// Goes on where another one stopped; `None` where its state is that of another version.
    pub(crate) fn restore(saved: &[u8]) -> Option<Self> {
        let state = serde_json::from_slice(saved).ok()?;
        Some(Self { state, drift: Drift::default() })
    }
}

impl Parser for Transcript {
    fn line(
        &mut self,
        line: &[u8],
        shell: &ReadShell<'_>,
        facts: &mut Vec<Fact>,
    ) -> Result<(), LineError> {
        let line: Line<'_> = json::read(line)?;
        let kind = line.kind.get();
        if line::SKIPPED.contains(&kind) {
            self.begin(line.timestamp.get().parse().ok());
            return Ok(());
        }
        let Some(scope) = self.scope(&line) else {
            self.unknown(&line, Kind::Value, "sessionId");
            return Ok(());
        };
        let mut reader = Reader { transcript: self, scope, facts, shell };
        reader.session(&line);
        match kind {
            "assistant" => reader.assistant(&line),
            "user" => reader.user(&line),
            "attachment" => reader.attachment(&line),
            "system" if line.subtype.is("compact_boundary") => reader.compacted(&line),
            "system" | "progress" | "permission-mode" | "worktree-state" | "relocated"
            | "continued-in" => {}
            "pr-link" => reader.pull_request(&line),
            "cost-state" => reader.reported(&line),
            "file-history-snapshot" | "file-history-delta" => reader.tracked(&line),
            _ => {
                self.unknown(&line, Kind::Type, kind);
                return Ok(());
            }
        }
        for field in &line.unknown {
            self.unknown(&line, Kind::Field, &format!("{kind}/{field}"));
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        serde_json::to_vec(&self.state).expect("state is plain data")
    }

    fn take_drift(&mut self) -> Drift {
        std::mem::take(&mut self.drift)
    }
}

/// What all facts of one line share.
struct Scope {
    who: Who,
    at: Option<Timestamp>,
    copied: bool,
    /// The session that a copied line was first written in, where the line says so.
    origin: Option<Word>,
    cwd: Option<Place>,
    /// What keys are made of.
    line: Vec<u8>,
}

impl Transcript {
    fn unknown(&mut self, line: &Line<'_>, kind: Kind, name: &str) {
        let known = self.state.session.version.as_ref().map(Word::as_str);
        let version = line.version.0.as_deref().or(known).map(str::to_owned);
        self.drift.count(version.as_deref(), kind, name);
    }

    /// Lines without a session id, such as snapshots, belong to the session of those before.
    fn scope(&mut self, line: &Line<'_>) -> Option<Scope> {
        let own = line.session.0.as_deref().or(line.session_snake.0.as_deref());
        let who = match own.and_then(Word::new) {
            Some(session) => Who { session, subagent: word(&line.agent) },
            None => self.state.who.clone()?,
        };
        if self.state.who.as_ref() != Some(&who) {
            self.state.who = Some(who.clone());
            self.state.session = Session::default();
        }
        let at = self.time(line);
        let is_old = self.begin(at);
        self.state.is_past_copies |= line.uuid.0.is_some() && !is_old;
        let origin = [&line.forked_from.session, &line.request_session];
        let origin = origin.into_iter().find_map(word).filter(|origin| *origin != who.session);
        let copied = origin.is_some() || (is_old && !self.state.is_past_copies);
        let cwd = self.place(line, &line.cwd).or_else(|| self.state.session.cwd.clone());
        let line = match &line.uuid.0 {
            Some(uuid) => uuid.as_bytes().to_vec(),
            None => [who.session.as_str(), line.timestamp.get()].join(" ").into_bytes(),
        };
        Some(Scope { who, at, copied, origin, cwd, line })
    }

    /// Whether a line is older than the line that the file begins with.
    fn begin(&mut self, at: Option<Timestamp>) -> bool {
        // Lines of one moment are not written in the order of their times.
        const MOMENT: i64 = 1000;
        let Some(at) = at.map(Timestamp::ms) else { return false };
        at.saturating_add(MOMENT) < *self.state.begin.get_or_insert(at)
    }

    fn time(&mut self, line: &Line<'_>) -> Option<Timestamp> {
        let text = line.timestamp.0.as_deref().or(line.snapshot.timestamp.0.as_deref())?;
        let time = text.parse().ok();
        if time.is_none() {
            self.unknown(line, Kind::Value, "timestamp");
        }
        time
    }

    fn place(&mut self, line: &Line<'_>, text: &Str<'_>) -> Option<Place> {
        let text = text.0.as_deref().filter(|text| !text.is_empty())?;
        let place = Place::new(text);
        if place.is_none() {
            self.unknown(line, Kind::Value, "path");
        }
        place
    }
}

fn word(text: &Str<'_>) -> Option<Word> {
    Word::new(text.0.as_deref()?)
}

/// Reads one line.
struct Reader<'a> {
    transcript: &'a mut Transcript,
    scope: Scope,
    facts: &'a mut Vec<Fact>,
    shell: &'a ReadShell<'a>,
}

impl Reader<'_> {
    fn fact(&mut self, what: What) {
        let Scope { who, at, copied, origin, .. } = &self.scope;
        let (who, origin) = (who.clone(), origin.clone());
        self.facts.push(Fact { at: *at, who, copied: *copied, origin, what });
    }

    fn key(&self, rule: &str, part: &[u8]) -> Key {
        Key::of(rule, &[&self.scope.line, part])
    }

    fn place(&mut self, line: &Line<'_>, text: &Str<'_>) -> Option<Place> {
        self.transcript.place(line, text)
    }

    fn session(&mut self, line: &Line<'_>) {
        // A copy tells how things were in another session.
        if self.scope.copied && self.scope.origin.is_none() {
            return;
        }
        let Some(origin) = self.scope.origin.clone() else {
            let now = self.now(line);
            return self.update(now);
        };
        let parent = Some(Parent { session: origin, how: Descent::Fork });
        self.update(Session { parent, ..Session::default() });
    }

    fn now(&mut self, line: &Line<'_>) -> Session {
        let moved = [&line.worktree.path, &line.relocated_cwd];
        let moved = moved.into_iter().find_map(|path| self.place(line, path));
        let model = &line.message.model;
        let who = &self.scope.who;
        let parent = who.subagent.as_ref().map(|_| who.session.clone());
        let branch = word(&line.branch).filter(|branch| branch.as_str() != "HEAD");
        Session {
            version: word(&line.version),
            parent: parent.map(|session| Parent { session, how: Descent::Subagent }),
            continued_in: word(&line.continued_in),
            cwd: moved.or_else(|| self.scope.cwd.clone()),
            model: word(model).filter(|model| model.as_str() != usage::SYNTHETIC),
            permission_mode: word(&line.permission_mode),
            entrypoint: word(&line.entrypoint),
            branch,
            ..Session::default()
        }
    }

    fn update(&mut self, now: Session) {
        if let Some(news) = self.transcript.state.session.update(now) {
            self.fact(What::Session(Box::new(news)));
        }
    }

    fn compacted(&mut self, _: &Line<'_>) {
        self.fact(What::Compacted(self.key("compacted", b"")));
    }

    fn pull_request(&mut self, line: &Line<'_>) {
        self.link(link_to(&line.pr_url).map(Target::PullRequest));
    }

    /// The same link is told again and again, so its key is that of what it links to.
    fn link(&mut self, target: Option<Target>) {
        let Some(to) = target else { return };
        let (rule, name) = match &to {
            Target::Commit(id) => ("commit", id),
            Target::Push(branch) => ("push", branch),
            Target::PullRequest(url) => ("pull request", url),
        };
        let key = match to {
            Target::PullRequest(_) => Key::of(rule, &[name.as_str().as_bytes()]),
            _ => self.key(rule, name.as_str().as_bytes()),
        };
        let cwd = self.scope.cwd.clone();
        self.fact(What::Link(Link { key, cwd, to }));
    }

    /// Every snapshot lists all files again, so those that were told are remembered.
    fn tracked(&mut self, line: &Line<'_>) {
        let delta = (line.tracking_path.0.is_some()).then_some((&line.tracking_path, &line.backup));
        let backups = line.snapshot.backups.0.iter();
        let backups: Vec<_> = backups
            .map(|(path, backup)| (&**path, backup))
            .chain(delta.map(|(path, backup)| (path.get(), backup)))
            .map(|(path, backup)| (path.to_owned(), backup.version.get(), backup.parent.get()))
            .collect();
        for (path, version, parent) in backups {
            self.track(line, &path, version, parent);
        }
    }

    fn track(&mut self, line: &Line<'_>, path: &str, version: u64, parent: &str) {
        let mut hasher = DefaultHasher::new();
        (path, version).hash(&mut hasher);
        let told = &mut self.transcript.state.tracked;
        if told.contains(&hasher.finish()) {
            return;
        }
        if told.len() == MOST_TRACKED {
            told.remove(0);
        }
        told.push(hasher.finish());
        let name = Path::new(path).file_name().map(Path::new);
        let real = name.filter(|_| !parent.is_empty()).map(|name| Path::new(parent).join(name));
        let full = real.as_ref().and_then(|path| path.to_str()).unwrap_or(path);
        let key = self.key("tracked", format!("{version} {full}").as_bytes());
        let Some(path) = self.place(line, &Str(Some(full.into()))) else { return };
        let tool = Word::new("file-history").expect("it is a short name");
        self.touch(Touch {
            key,
            path,
            cwd: self.scope.cwd.clone(),
            how: How::Tracked,
            tool,
            in_shell: false,
            outcome: Outcome::Unknown,
            lines: None,
        });
    }

    fn touch(&mut self, touch: Touch) {
        self.fact(What::Touch(touch));
    }
}

/// Returns a web address without credentials, query and fragment.
fn link_to(url: &Str<'_>) -> Option<Word> {
    let url =
        url.0.as_deref().filter(|url| url.starts_with("https://") || url.starts_with("http://"))?;
    Word::new(&crate::enrich::repo::url::without_credentials(url.as_bytes())?)
}

#[cfg(test)]
mod tests;
