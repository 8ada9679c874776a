//! What a session file tells: facts without content, and the parser that finds them.
//!
//! A parser is pure: bytes in, facts out, no clock and no disk. No type here has a place for a
//! prompt, an answer, code, a tool's output, a command line or a title. What text remains is paths
//! ([`Place`]) and names and ids ([`Word`]): bounded in length, without control characters.
//!
//! # One fact, several copies
//!
//! Lines are copied: into a fork, into another page, into an archive. Each fact that counts has a
//! [`Key`] that its copies share, so that whoever keeps them counts it once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use trackway_protocol::ids::Timestamp;

pub(crate) mod drift;
pub(crate) mod json;
#[cfg(test)]
mod judge;
pub(crate) mod key;
#[cfg(test)]
mod speed;
pub(crate) mod tally;
pub(crate) mod text;

pub(crate) use drift::Drift;
pub(crate) use key::Key;
pub(crate) use text::{Place, Word};

/// Reads the lines of one session file, in their order.
pub(crate) trait Parser: Send {
    /// Reads one line without its end and appends what it tells to `facts`.
    fn line(
        &mut self,
        line: &[u8],
        shell: &ReadShell<'_>,
        facts: &mut Vec<Fact>,
    ) -> Result<(), LineError>;

    /// Returns what is needed to go on with the next line after a restart: usually some hundred
    /// bytes, more while calls wait for their results.
    fn save(&self) -> Vec<u8>;

    /// Takes what was not understood since it was last taken.
    fn take_drift(&mut self) -> Drift;
}

/// Reads a shell command that is to run in a directory. The command is forgotten afterwards.
pub(crate) type ReadShell<'a> = dyn Fn(&str, &Path) -> ShellReading + 'a;

/// Why a line could not be read: a class, never its text.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum LineError {
    /// It is no JSON.
    #[error("not JSON")]
    NotJson,
    /// It ends too early.
    #[error("cut off")]
    CutOff,
    /// It has bytes that are no UTF-8 where text is needed.
    #[error("not UTF-8")]
    NotUtf8,
    /// It has NUL bytes: what a crash leaves of a file.
    #[error("NUL bytes")]
    Nul,
    /// It is nested more deeply than any line of an agent.
    #[error("nested too deeply")]
    TooDeep,
    /// It is JSON, but no object.
    #[error("not an object")]
    Shape,
}

/// One thing that a line tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    /// When it happened, by the agent's clock.
    pub(crate) at: Option<Timestamp>,
    /// Whose it is.
    pub(crate) who: Who,
    /// True where the line says that it was copied from another session.
    pub(crate) copied: bool,
    /// The session that a copied line was first written in, where the line says so.
    pub(crate) origin: Option<Word>,
    pub(crate) what: What,
}

/// A session, or one of its subagents.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Who {
    /// The agent's own id of the session; a subagent's lines carry that of its parent.
    pub(crate) session: Word,
    /// The subagent's own id.
    pub(crate) subagent: Option<Word>,
}

/// What a fact is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// Something about the session became known or changed.
    Session(Box<Session>),
    /// A tool was to touch a file or directory.
    Touch(Touch),
    /// A shell call ended.
    Shell(Box<Shell>),
    /// A response of the model was paid for.
    Usage(Box<Usage>),
    /// The work left a trace elsewhere.
    Link(Link),
    /// Something was typed in the session: all that a history tells.
    Trace(Trace),
    /// The conversation was compacted.
    Compacted(Key),
    /// The agent's own running sum for the whole session, as a cross-check: never to be added.
    Reported(Tokens),
}

/// What is known of a session. A fact has only the fields that became known or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) version: Option<Word>,
    /// The session that this one is a part or a continuation of.
    pub(crate) parent: Option<Parent>,
    /// The session that goes on where this one ended.
    pub(crate) continued_in: Option<Word>,
    pub(crate) cwd: Option<Place>,
    pub(crate) model: Option<Word>,
    pub(crate) permission_mode: Option<Word>,
    pub(crate) approval_policy: Option<Word>,
    pub(crate) sandbox: Option<Word>,
    pub(crate) provider: Option<Word>,
    /// What it was started from: claude's entrypoint, codex's originator.
    pub(crate) entrypoint: Option<Word>,
    /// What kind of session it is: codex's source (`cli`, `exec`, `subagent` …).
    pub(crate) source: Option<Word>,
    pub(crate) branch: Option<Word>,
    pub(crate) commit: Option<Word>,
    /// Without credentials.
    pub(crate) remote: Option<Word>,
}

impl Session {
    /// Returns what is known once both are, of which the other was told earlier.
    pub(crate) fn after(self, earlier: Self) -> Self {
        Self {
            version: self.version.or(earlier.version),
            parent: self.parent.or(earlier.parent),
            continued_in: self.continued_in.or(earlier.continued_in),
            cwd: self.cwd.or(earlier.cwd),
            model: self.model.or(earlier.model),
            permission_mode: self.permission_mode.or(earlier.permission_mode),
            approval_policy: self.approval_policy.or(earlier.approval_policy),
            sandbox: self.sandbox.or(earlier.sandbox),
            provider: self.provider.or(earlier.provider),
            entrypoint: self.entrypoint.or(earlier.entrypoint),
            source: self.source.or(earlier.source),
            branch: self.branch.or(earlier.branch),
            commit: self.commit.or(earlier.commit),
            remote: self.remote.or(earlier.remote),
        }
    }
}

/// How a session came from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parent {
    pub(crate) session: Word,
    pub(crate) how: Descent,
}

/// See [`Parent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Descent {
    Subagent,
    Fork,
}

/// A tool's access to a file or directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touch {
    pub(crate) key: Key,
    /// As the tool was told.
    pub(crate) path: Place,
    /// What a relative path is relative to.
    pub(crate) cwd: Option<Place>,
    pub(crate) how: How,
    pub(crate) tool: Word,
    /// Whether a shell call did it, whose text may tell of the same.
    pub(crate) in_shell: bool,
    pub(crate) outcome: Outcome,
    /// Lines added and removed, where the file tells.
    pub(crate) lines: Option<Lines>,
}

/// What is done to a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum How {
    Read,
    Write,
    Create,
    Delete,
    Rename,
    Search,
    /// Something worked in it.
    Work,
    /// The agent keeps copies of it, because it has changed it or was about to.
    Tracked,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Done,
    /// It ran and failed; a failed shell call may have done much before that.
    Failed,
    /// It did not run: somebody or something said no, or there is no such tool.
    Rejected,
    /// It goes on in the background, was interrupted, or nothing tells.
    Unknown,
}

/// Lines added and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lines {
    pub(crate) added: u64,
    pub(crate) removed: u64,
}

/// A shell call, without its command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shell {
    pub(crate) key: Key,
    pub(crate) cwd: Option<Place>,
    /// When it was asked for, which may be long before it ran.
    pub(crate) asked_at: Option<Timestamp>,
    /// How long it ran as the agent measured it, where the file tells. codex counts from when it
    /// begins to listen, so that a short command took no time.
    pub(crate) duration: Option<Duration>,
    pub(crate) outcome: Outcome,
    pub(crate) reading: ShellReading,
}

/// What a shell command touches, as far as its text tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShellReading {
    pub(crate) touches: Vec<ShellTouch>,
    pub(crate) cwd_after: Option<PathBuf>,
    /// Parts that could not be resolved.
    pub(crate) unresolved: u32,
}

impl ShellReading {
    /// Drops touches beyond what is worth keeping while a call waits; they count as unresolved.
    pub(crate) fn bounded(mut self) -> Self {
        const MOST: usize = 64;
        let dropped = self.touches.len().saturating_sub(MOST);
        self.touches.truncate(MOST);
        self.unresolved = self.unresolved.saturating_add(dropped.try_into().unwrap_or(u32::MAX));
        self
    }
}

/// See [`ShellReading`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShellTouch {
    /// Absolute and normalised.
    pub(crate) path: PathBuf,
    pub(crate) how: How,
    pub(crate) is_dir: bool,
}

/// A trace of the work elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) key: Key,
    pub(crate) cwd: Option<Place>,
    pub(crate) to: Target,
}

/// See [`Link`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A commit: its id, often shortened.
    Commit(Word),
    /// A branch that was pushed.
    Push(Word),
    /// A pull request's URL, without credentials and query.
    PullRequest(Word),
}

/// What a history tells of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    /// The directory in which it was begun, where that is told.
    pub(crate) place: Option<Place>,
}

/// A directory that an agent was used in, as its own list of them tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    pub(crate) dir: Place,
    /// The session that left it last.
    pub(crate) session: Option<Word>,
    /// When that one began.
    pub(crate) at: Option<Timestamp>,
}

/// Token classes, disjoint but for `reasoning`, which is a part of `output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Tokens {
    /// First, because the line with the largest output is the final one.
    pub(crate) output: u64,
    pub(crate) input: u64,
    pub(crate) cache_read: u64,
    /// Also what is written to a cache of unknown lifetime.
    pub(crate) cache_write_5m: u64,
    pub(crate) cache_write_1h: u64,
    pub(crate) reasoning: u64,
}

/// One line's account of a response of the model; [`tally`] makes one response of its copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// What all lines about this response share.
    pub(crate) response: Key,
    /// The line, where lines of one response may have different `response` keys: its copy in a fork
    /// at a gateway that does not number its requests.
    pub(crate) line: Option<Key>,
    /// The response within its session, whatever the request: finds what a subagent repeats.
    pub(crate) family: Option<Key>,
    /// Another account of the same response, which this one takes the place of.
    pub(crate) instead_of: Option<Key>,
    /// The vendor's id of the response.
    pub(crate) response_id: Option<Word>,
    pub(crate) model: Option<Word>,
    pub(crate) tokens: Tokens,
    /// True for a line of a subagent.
    pub(crate) sidechain: bool,
}

impl Session {
    /// Takes over what `now` knows and returns what of that is new.
    pub(crate) fn update(&mut self, now: Self) -> Option<Self> {
        let news = Self {
            version: changed(&mut self.version, now.version),
            parent: changed(&mut self.parent, now.parent),
            continued_in: changed(&mut self.continued_in, now.continued_in),
            cwd: changed(&mut self.cwd, now.cwd),
            model: changed(&mut self.model, now.model),
            permission_mode: changed(&mut self.permission_mode, now.permission_mode),
            approval_policy: changed(&mut self.approval_policy, now.approval_policy),
            sandbox: changed(&mut self.sandbox, now.sandbox),
            provider: changed(&mut self.provider, now.provider),
            entrypoint: changed(&mut self.entrypoint, now.entrypoint),
            source: changed(&mut self.source, now.source),
            branch: changed(&mut self.branch, now.branch),
            commit: changed(&mut self.commit, now.commit),
            remote: changed(&mut self.remote, now.remote),
        };
        (news != Self::default()).then_some(news)
    }
}

fn changed<T: Clone + PartialEq>(known: &mut Option<T>, now: Option<T>) -> Option<T> {
    let news = now.filter(|now| known.as_ref() != Some(now))?;
    *known = Some(news.clone());
    Some(news)
}

impl Tokens {
    /// Adds another response's tokens.
    pub(crate) fn add(&mut self, other: &Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.output, other.output);
        add(&mut self.input, other.input);
        add(&mut self.cache_read, other.cache_read);
        add(&mut self.cache_write_5m, other.cache_write_5m);
        add(&mut self.cache_write_1h, other.cache_write_1h);
        add(&mut self.reasoning, other.reasoning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_touches_everything_is_cut_and_says_so() {
        let touch = |n| ShellTouch { path: format!("/{n}").into(), how: How::Read, is_dir: false };
        let touches = (0..100).map(touch).collect();
        let reading = ShellReading { touches, cwd_after: None, unresolved: 1 }.bounded();
        assert_eq!((reading.touches.len(), reading.unresolved), (64, 37));
    }

    #[test]
    fn an_update_tells_only_what_is_new() {
        let mut known = Session::default();
        let with = |model: &str, branch: Option<&str>| Session {
            model: Word::new(model),
            branch: branch.and_then(Word::new),
            ..Session::default()
        };
        assert_eq!(known.update(with("a", Some("main"))), Some(with("a", Some("main"))));
        assert_eq!(known.update(with("a", None)), None);
        assert_eq!(known.update(with("b", Some("main"))), Some(with("b", None)));
    }
}
