//! Who a thread is, what it works with, and which lines are its own.

use trackway_protocol::ids::Timestamp;

use crate::enrich::repo::url;
use crate::session::json::Str;
use crate::session::{Descent, Fact, Parent, Session, What, Who, Word};

use super::line::{Line, Payload, Settings};
use super::{Reader, Rollout, word};

impl Rollout {
    /// The first `session_meta` names the thread; another thread's is its parent's, and what follows
    /// is the parent's as well.
    pub(super) fn meta(
        &mut self,
        payload: &Payload<'_>,
        at: Option<Timestamp>,
        facts: &mut Vec<Fact>,
    ) {
        let Some(id) = word(&payload.id) else {
            return self.unknown(crate::session::drift::Kind::Value, "session_meta");
        };
        match &self.state.thread {
            Some(thread) if *thread != id => {
                self.state.replay = Some(true);
                return;
            }
            Some(_) => {}
            None => {
                self.state.thread = Some(id.clone());
                self.state.first_ordinal = payload.first_ordinal.get();
                self.state.meter.is_page = payload.history_base.thread.0.is_some();
            }
        }
        let now = self.identity(payload);
        if let Some(news) = self.state.session.update(now) {
            let who = Who { session: id, subagent: None };
            let what = What::Session(Box::new(news));
            facts.push(Fact { at, who, copied: false, origin: None, what });
        }
    }

    fn identity(&mut self, payload: &Payload<'_>) -> Session {
        let spawned = word(&payload.source.parent).or_else(|| word(&payload.parent));
        let parent = |how| move |session| Parent { session, how };
        let remote = payload.git.remote.0.as_deref();
        let source = payload.source.name.as_deref();
        Session {
            version: word(&payload.version),
            parent: spawned
                .map(parent(Descent::Subagent))
                .or_else(|| word(&payload.forked_from).map(parent(Descent::Fork))),
            cwd: self.place(payload.cwd.get()),
            provider: word(&payload.provider),
            entrypoint: word(&payload.originator),
            source: source.and_then(Word::new),
            branch: word(&payload.git.branch),
            commit: word(&payload.git.commit),
            remote: remote
                .and_then(|remote| Word::new(&url::without_credentials(remote.as_bytes())?)),
            ..Session::default()
        }
    }
}

impl Reader<'_> {
    pub(super) fn settings(&mut self, settings: &Settings<'_>) {
        let policy = settings.approval_policy.0.as_deref();
        let sandbox = word(&settings.sandbox_policy.kind);
        let now = Session {
            cwd: self.rollout.place(settings.cwd.get()),
            model: word(&settings.model),
            provider: word(&settings.provider),
            approval_policy: policy.and_then(Word::new),
            sandbox: sandbox.or_else(|| sandbox_of(settings.permission_profile.kind.get())),
            ..Session::default()
        };
        if let Some(news) = self.rollout.state.session.update(now) {
            self.fact(What::Session(Box::new(news)));
        }
    }
}

/// Newer settings have no sandbox policy but a profile; only one of its types says what is allowed.
fn sandbox_of(profile: &str) -> Option<Word> {
    (profile == "disabled").then(|| Word::new("danger-full-access"))?
}

/// Whether a line begins a turn or a setting of the thread itself, or of its parent.
pub(super) fn begins(line: &Line<'_>, thread: Option<&Word>) -> Option<bool> {
    let (kind, payload) = (line.kind.get(), &line.payload);
    let thread = thread?.as_str();
    match (kind, payload.kind.get()) {
        ("event_msg", "thread_settings_applied") => {
            Some(payload.thread.0.is_none() || payload.thread.is(thread))
        }
        ("event_msg", "task_started" | "item_completed") | ("turn_context", _) => {
            let turn = born(&payload.turn);
            let begun = kind == "event_msg" && payload.kind.is("task_started");
            match (turn, born(&Str(Some(thread.into())))) {
                (Some(turn), Some(thread)) => Some(turn >= thread),
                _ => begun.then_some(true),
            }
        }
        _ => None,
    }
}

/// Returns when a UUIDv7 was made, in milliseconds.
fn born(id: &Str<'_>) -> Option<u64> {
    let id = id.0.as_deref()?;
    let is_seven = id.len() == 36 && id.as_bytes().get(14) == Some(&b'7');
    let time = is_seven.then(|| Some([id.get(..8)?, id.get(9..13)?].concat()))??;
    u64::from_str_radix(&time, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_uuid_of_version_seven_tells_its_time() {
        let born = |id: &str| born(&Str(Some(id.into())));
        assert_eq!(born("01a20932-f0a4-70b0-b5d4-0ae908a8479b"), Some(0x01a2_0932_f0a4));
        assert_eq!(born("01a20932-f0a4-40b0-b5d4-0ae908a8479b"), None);
        assert_eq!(born("12"), None);
    }
}
