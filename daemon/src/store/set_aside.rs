//! A damaged ledger is set aside, never removed: it is moved, with whatever belongs to it, into a
//! directory of its own in the state directory, and a new one is begun.
//!
//! Damage is noticed when the ledger is opened, or later, when a page is read for the first time. A
//! mark in the state directory then says what was noticed, and the next start sets the ledger aside:
//! nobody takes a file away from connections that have it open.
//!
//! # Order
//!
//! The mark moves last. A start that finds it goes on with what was begun, so that a power cut in
//! between neither leaves a log beside a database that it does not belong to, nor a ledger without
//! its log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, ErrorCode};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Coverage;

/// What the directories' names begin with.
const PREFIX: &str = "set-aside-";

/// Says what was noticed, and by its modification time when.
const MARK: &str = "ledger.damaged";

/// What is moved: a log first, since it is nothing without its database.
const FILES: [&str; 5] = ["ledger.db-wal", "ledger.db-shm", "ledger.db", "signing.key", MARK];

/// A ledger that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetAside {
    /// Where it lies.
    pub(crate) dir: PathBuf,
    /// What was wrong with it.
    pub(crate) damage: String,
    /// When that was noticed.
    noticed: Option<Timestamp>,
}

impl SetAside {
    /// Returns the record of it, for the ledger that was begun instead.
    ///
    /// What it held is not lost, but no answer tells of it any more. When it was damaged nobody knows:
    /// the range begins when it was last known to be written.
    pub(crate) fn coverage(&self, last_alive: Option<Timestamp>, now: Timestamp) -> Coverage {
        let from = [last_alive, self.noticed].into_iter().flatten().fold(now, Timestamp::min);
        Coverage {
            source: "ledger".into(),
            state: "lost".into(),
            from,
            until: Some(now),
            reason: format!(
                "the ledger was damaged ({}) and a new one begun; what was recorded before is in {}",
                self.damage,
                self.dir.display()
            ),
            ..Coverage::default()
        }
    }
}

/// Takes note of damage for the next start, once, where `error` is about that.
pub(super) fn notice(database: &Path, error: &rusqlite::Error) {
    let is_damage = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    );
    let Some(state_dir) = database.parent().filter(|_| is_damage) else { return };
    if damage(state_dir).is_some() {
        return;
    }
    tracing::error!(%error, "the ledger is damaged: the next start sets it aside");
    if let Err(error) = mark(state_dir, &error.to_string()) {
        tracing::error!(%error, "the damage cannot be noted for the next start");
    }
}

/// The same, of the ledger that a connection has open.
pub(super) fn notice_by(connection: &Connection, error: &rusqlite::Error) {
    if let Some(path) = connection.path() {
        notice(Path::new(path), error);
    }
}

/// Returns what damage was noticed of the ledger that is in use.
pub(super) fn damage(state_dir: &Path) -> Option<String> {
    fs::read_to_string(state_dir.join(MARK)).ok()
}

/// Moves the ledger into a directory of its own. Nobody may have it open.
pub(super) fn set_aside(state_dir: &Path, damage: &str) -> io::Result<PathBuf> {
    if !state_dir.join(MARK).exists() {
        mark(state_dir, damage)?;
    }
    let dir = match directories(state_dir).pop().filter(|dir| !dir.join(MARK).exists()) {
        Some(begun) => begun,
        None => new_directory(state_dir)?,
    };
    for file in FILES {
        match fs::rename(state_dir.join(file), dir.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => sync(&[&dir, state_dir])?,
        }
    }
    tracing::warn!(damage, dir = %dir.display(), "the ledger was damaged and is set aside");
    Ok(dir)
}

/// Returns every directory of a ledger that was set aside, the oldest first.
pub(super) fn directories(state_dir: &Path) -> Vec<PathBuf> {
    let is_one = |entry: &fs::DirEntry| {
        entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
    };
    let entries = fs::read_dir(state_dir).into_iter().flatten().flatten().filter(is_one);
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// Returns the ledger that was set aside last.
pub(super) fn newest(state_dir: &Path) -> Option<SetAside> {
    let dir = directories(state_dir).pop()?;
    let damage = damage(&dir)?;
    let modified = fs::metadata(dir.join(MARK)).and_then(|meta| meta.modified()).ok();
    let since = modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    let noticed = since.and_then(|since| i64::try_from(since.as_millis()).ok());
    Some(SetAside { dir, damage, noticed: noticed.map(Timestamp::from_ms) })
}

fn mark(state_dir: &Path, damage: &str) -> io::Result<()> {
    let mut new = fs::OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    let mut file = new.open(state_dir.join(MARK))?;
    io::Write::write_all(&mut file, damage.as_bytes())?;
    file.sync_all()?;
    sync(&[state_dir])
}

/// Makes a directory that is named for the time, and sorts behind all that are there.
fn new_directory(state_dir: &Path) -> io::Result<PathBuf> {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let names = (1..).map(|number| match number {
        1 => format!("{PREFIX}{time}"),
        _ => format!("{PREFIX}{time}-{number}"),
    });
    for name in names {
        let dir = state_dir.join(name);
        match builder.create(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
    }
    unreachable!("numbers do not end")
}

/// Has what lies in directories survive a power cut.
#[cfg(unix)]
fn sync(dirs: &[&Path]) -> io::Result<()> {
    dirs.iter().try_for_each(|dir| fs::File::open(dir)?.sync_all())
}

/// A directory cannot be synced here.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn sync(_dirs: &[&Path]) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        files.iter().for_each(|file| fs::write(dir.path().join(file), file).unwrap());
        dir
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<String> = entries.map(|entry| name(entry).unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn everything_that_belongs_to_a_ledger_goes_with_it_and_nothing_else() {
        let state = state(&["ledger.db", "ledger.db-wal", "signing.key", "other"]);
        let dir = set_aside(state.path(), "worms").unwrap();
        assert_eq!(names(&dir), ["ledger.damaged", "ledger.db", "ledger.db-wal", "signing.key"]);
        let name = dir.file_name().unwrap().to_str().unwrap();
        assert_eq!(names(state.path()), ["other", name]);
        assert_eq!(newest(state.path()).unwrap().damage, "worms");
        assert_eq!(damage(state.path()), None);
    }

    #[test]
    fn a_move_that_was_interrupted_is_finished_in_the_same_directory() {
        for moved in 0..FILES.len() {
            let state = state(&["ledger.db", "ledger.db-wal", "ledger.db-shm"]);
            mark(state.path(), "worms").unwrap();
            let begun = new_directory(state.path()).unwrap();
            for file in &FILES[..moved] {
                fs::rename(state.path().join(file), begun.join(file)).ok();
            }
            assert_eq!(set_aside(state.path(), "worms").unwrap(), begun);
            let all = ["ledger.damaged", "ledger.db", "ledger.db-shm", "ledger.db-wal"];
            assert_eq!(names(&begun), all);
            assert_eq!(names(state.path()).len(), 1);
        }
    }

    #[test]
    fn the_next_one_has_a_directory_of_its_own_that_is_the_newest() {
        let state = state(&["ledger.db"]);
        for damage in ["a", "b", "c"] {
            set_aside(state.path(), damage).unwrap();
            assert_eq!(newest(state.path()).unwrap().damage, damage);
        }
        assert_eq!(directories(state.path()).len(), 3);
    }

    #[test]
    fn the_gap_begins_when_the_ledger_was_last_known_to_be_good() {
        let at = Timestamp::from_ms;
        let aside =
            SetAside { dir: "/s/aside".into(), damage: "worms".into(), noticed: Some(at(50)) };
        let coverage = aside.coverage(Some(at(70)), at(90));
        assert_eq!((coverage.from, coverage.until), (at(50), Some(at(90))));
        assert_eq!(aside.coverage(Some(at(20)), at(90)).from, at(20));
        assert!(coverage.reason.contains("/s/aside") && coverage.reason.contains("worms"));
    }
}
