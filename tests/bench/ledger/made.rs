//! A ledger of a story: its records are written as the daemon stores them, and `trackwayd rebuild`
//! makes the tables that answer questions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, params};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::log::Hash;
use trackway_protocol::record::Record;

use super::station::program;
use super::story::Story;

/// What must stay free for others.
const RESERVE: u64 = 15 << 30;
/// What a record takes at most while tables are made.
const PER_RECORD: u64 = 2000;
/// Records per transaction.
const BATCH: u64 = 200_000;

/// A ledger in a directory of its own. Removed when dropped, unless it is to be kept.
pub(crate) struct Made {
    dir: PathBuf,
    keep: bool,
    /// Seconds that the tables took; none where they were there.
    pub(crate) rebuilt: Option<f64>,
}

impl Made {
    /// Makes a ledger of so many records below `dir`, or takes the one that was kept.
    pub(crate) fn new(dir: &Path, records: u64, keep: bool) -> Result<Self> {
        let story = || Story::new(records, Timestamp::now());
        Self::of(&dir.join(records.to_string()), records, story, keep)
    }

    /// The same of another story, in `dir` itself.
    pub(crate) fn of<S: Iterator<Item = Record>>(
        dir: &Path,
        records: u64,
        story: impl FnOnce() -> S,
        keep: bool,
    ) -> Result<Self> {
        let dir = dir.to_owned();
        let mut made = Self { dir, keep, rebuilt: None };
        if !made.is_complete(records) {
            make_room(&made.dir, records)?;
            rebuild(&made.dir)?;
            made.write(story())?;
            let begin = Instant::now();
            rebuild(&made.dir)?;
            made.rebuilt = Some(begin.elapsed().as_secs_f64());
        }
        Ok(made)
    }

    /// Returns the state directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the database.
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.join("ledger.db")
    }

    /// Whether a former run left it with all of its tables; a daemon may have added to it since.
    fn is_complete(&self, records: u64) -> bool {
        let Ok(ledger) = Connection::open(self.file()) else { return false };
        let count = "SELECT max(seq) FROM launch_record";
        let last = ledger.query_row(count, [], |row| row.get::<_, Option<i64>>(0));
        matches!(last, Ok(Some(last)) if last.cast_unsigned() >= records)
    }

    fn write(&self, story: impl Iterator<Item = Record>) -> Result<()> {
        let mut ledger = Connection::open(self.file())?;
        // What is invented need not survive a power cut.
        ledger.pragma_update(None, "synchronous", "OFF")?;
        let mut story = story.peekable();
        while story.peek().is_some() {
            let tx = ledger.transaction()?;
            let mut insert = tx.prepare_cached("INSERT INTO record VALUES (?, ?, ?, ?, ?)")?;
            for record in story.by_ref().take(BATCH as usize) {
                let body = serde_json::to_vec(&record)?;
                let leaf = Hash::of_leaf(&body);
                let (seq, kind) = (record.seq.cast_signed(), record.body.kind());
                insert.execute(params![seq, kind, record.at.ms(), body, leaf.as_bytes()])?;
            }
            drop(insert);
            tx.commit()?;
        }
        Ok(())
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if !self.keep {
            fs::remove_dir_all(&self.dir).ok();
        }
    }
}

/// Makes an empty directory, on a file system with room for so many records.
fn make_room(dir: &Path, records: u64) -> Result<()> {
    fs::remove_dir_all(dir).ok();
    fs::create_dir_all(dir)?;
    let disk = rustix::fs::statvfs(dir)?;
    let (free, needed) = (disk.f_bavail * disk.f_frsize, records * PER_RECORD + RESERVE);
    ensure!(free > needed, "{} bytes are free, {needed} needed: {}", free, dir.display());
    Ok(())
}

fn rebuild(dir: &Path) -> Result<()> {
    let output = Command::new(program("trackwayd")?)
        .arg("rebuild")
        .env("TRACKWAY_STATE_DIR", dir)
        .output()
        .context("starting trackwayd")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
