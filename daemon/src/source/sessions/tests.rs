//! The follower on real directories. Nothing here waits: the kernel has queued what it tells before
//! the call that caused it comes back.
#![cfg(target_os = "linux")]

mod backfill;
mod hostile;
mod load;
mod model;
mod moves;
mod recorder;
mod thread;
mod watching;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use recorder::Recorder;

use super::{Follower, Home, Orders};

/// A home in a directory of its own, a follower, and what it has told.
struct Scene {
    dir: tempfile::TempDir,
    told: Recorder,
    follower: Option<Follower<Recorder, Recorder>>,
    /// A follower whose orders nobody can give ends.
    _orders: Option<Orders>,
}

impl Scene {
    /// Makes an empty directory; no home is there yet.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, told: Recorder::default(), follower: None, _orders: None }
    }

    /// Starts a follower of both agents' homes, or another one in its place, and lets it catch up.
    fn start(&mut self) {
        self.start_slowly();
        self.catch_up();
    }

    /// Starts a follower that has done nothing yet.
    fn start_slowly(&mut self) {
        let (mut follower, orders) = Follower::open(self.told.clone(), self.told.clone()).unwrap();
        follower.follow(Home { agent: "claude", dir: self.path(".claude") });
        follower.follow(Home { agent: "codex", dir: self.path(".codex") });
        (self.follower, self._orders) = (Some(follower), Some(orders));
    }

    fn follower(&mut self) -> &mut Follower<Recorder, Recorder> {
        self.follower.as_mut().expect("it was started")
    }

    /// Has the follower do all there is to do.
    fn catch_up(&mut self) {
        while self.follower().step().unwrap() {}
        self.follower().tell();
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// The path of a session of claude.
    fn claude(&self, name: &str) -> PathBuf {
        self.path(&format!(".claude/projects/-p/{name}.jsonl"))
    }

    /// The path of a session of codex.
    fn codex(&self, name: &str) -> PathBuf {
        self.path(&format!(".codex/sessions/2026/11/01/rollout-{name}.jsonl"))
    }
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn append(path: &Path, text: impl AsRef<[u8]>) {
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(text.as_ref()).unwrap();
}
