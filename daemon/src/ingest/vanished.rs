//! Session files that are gone before their agent sweeps them.

use std::path::Path;
use std::time::Duration;

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{Body, Evidence, Finding, PathText, Risk};

use super::{Ingest, Known};
use crate::agents;
use crate::session::Key;
use crate::store::Draft;

/// No agent sweeps what is younger, whatever its settings say.
const CERTAIN: Duration = Duration::from_secs(24 * 60 * 60);

impl Ingest {
    /// A session file is gone that was written to last at this time: a finding, where it is known
    /// that its agent would have kept it, and not renamed it.
    pub(super) fn find_vanished(
        &mut self,
        known: &Known,
        path: &Path,
        written_ns: Option<i64>,
        missed: Timestamp,
    ) {
        // A subagent's file goes with that of its session, and one without a sign was never any.
        let is_main = known.subagent.is_none() && known.begun.is_some();
        let Some(session) = known.session.clone().filter(|_| is_main) else { return };
        let Some(written) = written_ns.map(|ns| Timestamp::from_ms(ns.div_euclid(1_000_000)))
        else {
            return;
        };
        let age = Duration::from_millis((missed.ms() - written.ms()).max(0).unsigned_abs());
        let agent = agents::CATALOGUE.iter().find(|agent| agent.name() == known.agent);
        let Some(agent) = agent else { return };
        let kept = || agent.keeps_for(path, known.cwd.as_deref().map(Path::new));
        let is_early = age < CERTAIN || kept().is_some_and(|kept| age < kept);
        let is_elsewhere = path.file_name().is_some_and(|name| self.kept.named(name).is_some());
        if !is_early || is_elsewhere || has_other_name(path) {
            return;
        }
        let parts = [known.agent.as_bytes(), session.as_bytes()];
        if !self.is_new(Key::of("vanished", &parts)) {
            return;
        }
        let body = Finding {
            agent: known.agent.clone(),
            code: "session-file-vanished".into(),
            session: Some(session),
            path: Some(PathText::from_os(path).text),
            since: written,
            risk: Risk::Medium,
            why: format!(
                "Its file is gone {} after it was last written to, earlier than {} sweeps.",
                words(age),
                known.agent
            ),
            ..Finding::default()
        };
        let (evidence, replaces) = (Evidence::Inferred, None);
        let body = Body::Finding(Box::new(body));
        self.record(Draft { at: missed, evidence, replaces, body });
    }
}

/// Whether a file of the same session lies beside where this one was: agents put some aside, under
/// longer names.
fn has_other_name(path: &Path) -> bool {
    let (Some(dir), Some(stem)) = (path.parent(), path.file_stem()) else { return false };
    let begins = |name: &std::ffi::OsStr| {
        name.as_encoded_bytes().starts_with(stem.as_encoded_bytes())
            && Some(name) != path.file_name()
    };
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| begins(&name) && Some(&*name) != Some(stem))
}

fn words(age: Duration) -> String {
    match age.as_secs() {
        s if s < 60 => format!("{s} s"),
        s if s < 3600 => format!("{} min", s / 60),
        s if s < 48 * 3600 => format!("{} h", s / 3600),
        s => format!("{} days", s / (24 * 3600)),
    }
}
