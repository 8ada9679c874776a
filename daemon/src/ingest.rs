//! From what session files tell to records.
//!
//! It runs on the thread that follows the files, beside the pipeline and not in it: a first start
//! reads gigabytes, and no launch shall wait for them. Where the writer cannot follow, this thread
//! waits, and with it the reading of files; nothing is dropped.
//!
//! # Once
//!
//! Every fact has a key that its copies share. Whatever has its key in the ingest state is recorded
//! already; key, record and the file's cursor are committed together, so that a daemon which is
//! killed records nothing twice and misses nothing.
//!
//! # Places
//!
//! Paths are resolved and repositories looked up when a fact is read, which may be long after it
//! happened: of a repository, branch and commit are left out then. A disk that hangs holds up this
//! thread alone.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::{info, warn};
use trackway_protocol::ids::Timestamp;

use crate::agents::{self, Agent};
use crate::event::{Event, FileId, SourceReport, State};
use crate::pauses::Pauses;
use crate::pipeline::misread::Misread;
use crate::session::{Fact, Parser, ReadShell, Session, What, Who};
use crate::source::EventSender;
use crate::source::sessions::{
    Closed, Cursor, Cursors, Found, Gone, HISTORY, Sink, Skip, Start, Status, Stored,
};
use crate::store::ingest::{File, Kept};

mod drift;
mod facts;
mod following;
mod growth;
mod places;
pub(crate) mod shell;
mod stored;
mod tokens;
mod traces;
mod vanished;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

pub(crate) use following::{homes, start};
use places::Places;

/// The source's name in `status` and in coverage.
pub(crate) const NAME: &str = "sessions";
/// Its mechanism.
pub(crate) const TIER: &str = "session-files";

/// Readers of files that are kept at hand; another one goes on from its saved state.
const READERS: usize = 64;

/// Reads lines and makes records of them. Shared by the follower's two seams, [`Cursors`] and
/// [`Sink`], both on one thread.
pub(crate) struct Ingest {
    kept: Kept,
    places: Places,
    home: Option<PathBuf>,
    readers: HashMap<FileId, Reader>,
    /// The file whose lines are being read.
    current: Option<(FileId, Reader)>,
    homes: Vec<PathBuf>,
    facts: Vec<Fact>,
    told: Option<(State, String)>,
    misread: Misread,
    /// Traces that are too young to be recorded.
    waiting: Vec<traces::Waiting>,
    events: EventSender,
    /// Is told where sessions work.
    configuration: Option<crate::configuration::Orders>,
    /// For how long records keep their bodies, and what is too old for that.
    keep: Option<Duration>,
    too_old: Option<Timestamp>,
    /// When nothing is to be recorded.
    pauses: Pauses,
}

/// What reads one file.
pub(crate) struct Reader {
    agent: &'static dyn Agent,
    path: PathBuf,
    parser: Box<dyn Parser>,
    known: Known,
    /// Whether it begins with a file that nothing was known of.
    is_new: bool,
    /// Whether there were shell calls, since that was last told.
    called: bool,
    /// Lines that could not be read, since that was last told.
    errors: u64,
    /// Between which times the session itself did something, since that was last told.
    grown: Option<(Timestamp, Timestamp)>,
    /// What a pause kept from being recorded and is so still: what the session is and where.
    withheld: Option<(Who, Session)>,
}

impl Reader {
    /// Keeps of a fact in a pause what holds after it.
    fn withhold(&mut self, fact: Fact) {
        if let (What::Session(now), false) = (fact.what, fact.copied) {
            let earlier = self.withheld.take().filter(|(who, _)| *who == fact.who);
            let earlier = earlier.map(|(_, session)| session).unwrap_or_default();
            self.withheld = Some((fact.who, now.after(earlier)));
        }
    }
}

/// What is kept of a file besides its parser's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    agent: String,
    /// The session that it is about, as its lines say.
    session: Option<String>,
    subagent: Option<String>,
    /// Whether a directory was told: the first one is where it began.
    placed: bool,
    /// When and where it began, by what is its own.
    #[serde(default)]
    begun: Option<Timestamp>,
    #[serde(default)]
    cwd: Option<String>,
}

/// The follower's two handles to one [`Ingest`].
#[derive(Clone)]
pub(crate) struct Handle(std::rc::Rc<std::cell::RefCell<Ingest>>);

impl Ingest {
    /// Begins with what is kept. The handle is for the thread that it is made on.
    pub(crate) fn begin(
        kept: Kept,
        events: EventSender,
        configuration: Option<crate::configuration::Orders>,
        (keep, pauses): (Option<Duration>, Pauses),
    ) -> Handle {
        let home = directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned());
        let misread = drift::kept(&kept);
        let waiting = traces::waiting(&kept);
        let ingest = Self {
            kept,
            places: Places::new(),
            home,
            readers: HashMap::new(),
            current: None,
            homes: Vec::new(),
            facts: Vec::new(),
            told: None,
            misread,
            waiting,
            events,
            configuration,
            keep,
            too_old: None,
            pauses,
        };
        Handle(std::rc::Rc::new(std::cell::RefCell::new(ingest)))
    }

    fn reader(&mut self, found: &Found<'_>, start: Start<'_>) -> Option<Reader> {
        let agent = *agents::CATALOGUE.iter().find(|agent| agent.name() == found.agent)?;
        self.too_old = self.keep.map(|keep| {
            let keep_ms = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
            Timestamp::from_ms(Timestamp::now().ms().saturating_sub(keep_ms))
        });
        let is_new = matches!(start, Start::New);
        let known = match start {
            Start::New | Start::Again => None,
            Start::Next => match self.readers.remove(&found.id) {
                Some(reader) => return Some(Reader { path: found.path.to_owned(), ..reader }),
                None => self.kept.file(found.id).and_then(|file| stored::State::read(&file.value)),
            },
            Start::Resumed(stored) => stored::State::of(&stored.state),
        };
        let saved = known.as_ref().map(|state| &state.parser[..]);
        // A state of another version is no reason to stop: what comes is read as it is.
        let is_history = found.path.file_name() == Some(HISTORY.as_ref());
        let parser = match is_history {
            true => agent.history(),
            false => agent.parser(saved).or_else(|| agent.parser(None))?,
        };
        let known = known.map(|state| state.known);
        let known =
            known.unwrap_or_else(|| Known { agent: agent.name().into(), ..Known::default() });
        let path = found.path.to_owned();
        let (called, errors, grown, withheld) = Default::default();
        Some(Reader { agent, path, parser, known, is_new, called, errors, grown, withheld })
    }

    fn line(&mut self, at: u64, line: &[u8]) {
        let Some((id, mut reader)) = self.current.take() else { return };
        let mut facts = std::mem::take(&mut self.facts);
        let home = self.home.as_deref();
        let read_shell: &ReadShell<'_> = &|command, cwd| shell::read(command, cwd, home);
        if let Err(error) = reader.parser.line(line, read_shell, &mut facts) {
            reader.errors += 1;
            if reader.errors == 1 {
                let path = reader.path.display();
                warn!(%path, offset = at, %error, "a line of a session file cannot be read");
            }
        }
        for fact in facts.drain(..) {
            self.fact(&mut reader, fact);
        }
        self.facts = facts;
        self.current = Some((id, reader));
    }

    fn fact(&mut self, reader: &mut Reader, mut fact: Fact) {
        // What would be pruned at once is not recorded first.
        if fact.at.zip(self.too_old).is_some_and(|(at, too_old)| at < too_old) {
            return;
        }
        if self.pauses.cover(fact.at.unwrap_or_else(Timestamp::now)) {
            return reader.withhold(fact);
        }
        if let Some((who, earlier)) = reader.withheld.take() {
            match &mut fact.what {
                What::Session(now) if who == fact.who => {
                    **now = std::mem::take(&mut **now).after(earlier);
                }
                _ => {
                    let (copied, origin, what) = (false, None, What::Session(Box::new(earlier)));
                    self.fact(reader, Fact { at: fact.at, who, copied, origin, what });
                }
            }
        }
        if let What::Trace(trace) = &fact.what {
            return self.traced(reader.agent, &fact, trace);
        }
        if reader.known.session.is_none() || !fact.copied {
            reader.known.session = Some(fact.who.session.as_str().to_owned());
            reader.known.subagent = fact.who.subagent.as_ref().map(|id| id.as_str().to_owned());
        }
        reader.grow(&fact);
        match &fact.what {
            What::Session(session) => self.session(reader, &fact, session),
            What::Touch(touch) => self.touched(reader, &fact, touch),
            What::Shell(call) => self.called(reader, &fact, call),
            What::Usage(_) => self.used(reader, &fact),
            What::Link(link) => self.made(reader, &fact, link),
            // A sum of the agent's own and a compaction change nothing that is counted.
            What::Trace(_) | What::Compacted(_) | What::Reported(_) => {}
        }
    }

    fn ended(&mut self, cursor: Cursor) -> Result<(), Closed> {
        let Some((id, mut reader)) = self.current.take() else { return Ok(()) };
        self.settle_traces();
        self.tell_calls(&mut reader);
        self.tell_drift(&mut reader);
        self.tell_growth(&mut reader);
        let value = stored::State::write(&cursor, &reader.parser.save(), &reader.known);
        self.kept.keep(id, Some(File { path: reader.path.clone(), value }));
        if self.readers.len() >= READERS {
            self.readers.clear();
        }
        self.readers.insert(id, reader);
        self.kept.hand_over().map_err(|_| Closed)
    }

    /// Tells what was not understood since the last time.
    fn tell_drift(&mut self, reader: &mut Reader) {
        let (drift, unreadable) = (reader.parser.take_drift(), std::mem::take(&mut reader.errors));
        if !drift.is_empty() || unreadable > 0 {
            self.misread(reader.agent.name(), drift, unreadable);
        }
    }

    fn missed(&mut self, id: FileId, path: &Path, gone: Gone, missed: Timestamp) {
        self.readers.remove(&id);
        let file = self.kept.file(id).filter(|_| gone == Gone::Deleted);
        self.kept.keep(id, None);
        if let Some(file) = file
            && let Some(state) = stored::State::read(&file.value)
        {
            self.tell_gone(&state.known, path, missed);
            let written = stored::stored(file).map(|stored| stored.cursor.modified_ns);
            self.find_vanished(&state.known, path, written, missed);
        }
        // Nobody is left to be told where the writer has ended.
        let _ = self.kept.hand_over();
    }

    fn renamed(&mut self, id: FileId, path: &Path) {
        if let Some(reader) = self.readers.get_mut(&id) {
            reader.path = path.to_owned();
        }
        if let Some(file) = self.kept.file(id) {
            if let Some(state) = stored::State::read(&file.value) {
                self.tell_place(&state.known, path);
            }
            self.kept.keep(id, Some(File { path: path.to_owned(), ..file }));
        }
        let _ = self.kept.hand_over();
    }

    /// Takes note of a home, so that it is followed by the next run as well.
    fn lives_in(&mut self, found: &Found<'_>) {
        if !self.homes.iter().any(|home| home == found.home) {
            self.homes.push(found.home.to_owned());
            self.kept.keep_home(found.agent, found.home.to_owned());
        }
    }

    fn report(&mut self, status: &Status) {
        let backfill = status.backfill;
        let progress = Event::Backfill {
            running: backfill.running,
            done_bytes: backfill.done_bytes,
            total_bytes: backfill.total_bytes,
        };
        // A figure that is lost is followed by another one, or by the end.
        match backfill.running {
            true => drop(self.events.try_send(progress)),
            false => {
                self.settle_traces();
                self.kept.settle();
                drop(self.events.blocking_send(progress));
            }
        }
        let (state, reason) = judged(status);
        if self.told.as_ref() != Some(&(state, reason.clone())) {
            self.told = Some((state, reason.clone()));
            let (from, until, missed) = (Timestamp::now(), None, None);
            info!(state = state.as_str(), reason, "session files");
            let report =
                SourceReport { name: NAME, tier: TIER, state, reason, from, until, missed };
            drop(self.events.blocking_send(Event::Source(report)));
        }
    }
}

/// Says how well session files are seen.
fn judged(status: &Status) -> (State, String) {
    let mut troubles = Vec::new();
    if status.unwatched > 0 {
        let advice = status.refused.map_or("", |why| why.advice());
        let dirs = status.unwatched;
        troubles.push(format!("{dirs} directories are looked at every few seconds: {advice}"));
    }
    for (why, count) in &status.unread {
        troubles.push(format!("{count} not read ({})", why.as_str()));
    }
    if status.overflows > 0 {
        troubles.push("the kernel's queue of changes ran over; all was looked at again".to_owned());
    }
    match troubles.is_empty() {
        true => (State::Active, "follows the session files of both agents".to_owned()),
        false => (State::Degraded, troubles.join("; ")),
    }
}

impl Cursors for Handle {
    fn load(&mut self, file: FileId) -> Option<Stored> {
        stored::stored(self.0.borrow().kept.file(file)?)
    }

    fn named(&mut self, name: &std::ffi::OsStr) -> Option<Stored> {
        stored::stored(self.0.borrow().kept.named(name)?)
    }

    fn each(&mut self, below: &Path, visit: &mut dyn FnMut(FileId, &Path)) {
        self.0.borrow().kept.each(below, visit);
    }
}

impl Sink for Handle {
    fn begin(&mut self, file: &Found<'_>, start: Start<'_>) {
        let mut ingest = self.0.borrow_mut();
        ingest.lives_in(file);
        let reader = ingest.reader(file, start);
        ingest.current = reader.map(|reader| (file.id, reader));
    }

    fn line(&mut self, at: u64, line: &[u8]) {
        self.0.borrow_mut().line(at, line);
    }

    fn skipped(&mut self, why: Skip, at: u64, bytes: u64) {
        let mut ingest = self.0.borrow_mut();
        let Some((_, reader)) = ingest.current.as_mut().filter(|_| why == Skip::TooLong) else {
            return;
        };
        reader.errors += 1;
        warn!(path = %reader.path.display(), offset = at, bytes, "a line is too long to be read");
    }

    fn end(&mut self, cursor: Cursor) -> Result<(), Closed> {
        self.0.borrow_mut().ended(cursor)
    }

    fn moved(&mut self, file: FileId, path: &Path) {
        self.0.borrow_mut().renamed(file, path);
    }

    fn vanished(&mut self, file: FileId, path: &Path, gone: Gone, missed: Timestamp) {
        self.0.borrow_mut().missed(file, path, gone, missed);
    }

    fn beside(&mut self, agent: &'static str, path: &Path) -> Result<(), Closed> {
        let mut ingest = self.0.borrow_mut();
        ingest.projects(agent, path);
        ingest.kept.hand_over().map_err(|_| Closed)
    }

    fn status(&mut self, status: &Status) {
        self.0.borrow_mut().report(status);
    }
}
