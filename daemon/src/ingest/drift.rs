//! What was not understood of session files: counted, and kept with the cursors of the files that it
//! was read in, so that neither a restart nor a crash counts it anew or forgets it.

use tracing::warn;

use super::Ingest;
use crate::event::Event;
use crate::pipeline::misread::{Misread, Version};
use crate::session::{Drift, Key};
use crate::store::ingest::Kept;

impl Ingest {
    /// Adds what one file told that was not understood, and tells the sum.
    pub(super) fn misread(&mut self, agent: &'static str, drift: Drift, unreadable: u64) {
        let known = self.misread.versions().count();
        for version in self.misread.add(agent, drift, unreadable) {
            let value = serde_json::to_vec(&self.misread.of(&version));
            self.kept.set(key(&version).0, value.expect("it is plain data"));
        }
        if self.misread.versions().count() > known {
            let versions: Vec<&Version> = self.misread.versions().collect();
            let value = serde_json::to_vec(&versions).expect("it is plain data");
            self.kept.set(versions_key().0, value);
        }
        self.tell_misread();
    }

    /// Tells what was not understood so far.
    pub(super) fn tell_misread(&self) {
        if self.misread.versions().next().is_some() {
            drop(self.events.blocking_send(Event::Misread(self.misread.clone())));
        }
    }
}

/// Returns what earlier runs kept.
pub(super) fn kept(kept: &Kept) -> Misread {
    let mut misread = Misread::default();
    let Some(versions) = kept.get(versions_key().0) else { return misread };
    let versions: Vec<Version> = serde_json::from_slice(&versions).unwrap_or_else(|_| {
        warn!("what earlier versions did not understand is not known any more");
        Vec::new()
    });
    for version in versions {
        let counts = kept.get(key(&version).0);
        if let Some(counts) = counts.and_then(|counts| serde_json::from_slice(&counts).ok()) {
            misread.restore(version, counts);
        }
    }
    misread
}

fn key((agent, version): &Version) -> Key {
    Key::of("misread", &[agent.as_bytes(), version.as_bytes()])
}

fn versions_key() -> Key {
    Key::of("misread versions", &[])
}
