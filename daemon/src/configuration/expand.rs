//! From a pattern to the files that are there, and to the directories in which more may appear.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::agents::layout;

/// How many entries of one directory are looked at.
const MOST_ENTRIES: usize = 4096;
/// How many files one pattern is of.
const MOST_FILES: usize = 512;
/// How many directories are looked at for one pattern.
const MOST_DIRS: usize = 512;
/// How many directories `**` stands for, one in another.
const DEEPEST: usize = 4;

/// The names that matter in each directory.
pub(super) type Wanted = BTreeMap<PathBuf, Vec<Cow<'static, str>>>;

/// Files that were found, and the directories that were looked at for them.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<PathBuf>,
    pub(super) wanted: Wanted,
    /// Whether there is more than is looked at.
    pub(super) is_cut: bool,
}

/// How much one pattern may still find.
struct Room {
    files: usize,
    dirs: usize,
}

impl Found {
    /// Adds the files below a directory that fit a pattern.
    pub(super) fn expand(&mut self, base: &Path, pattern: &'static str) {
        let mut room = Room { files: MOST_FILES, dirs: MOST_DIRS };
        self.step(base, pattern, DEEPEST, &mut room);
    }

    fn step(&mut self, dir: &Path, pattern: &'static str, depth: usize, room: &mut Room) {
        if !dir.is_dir() {
            return;
        }
        if room.dirs == 0 {
            self.is_cut = true;
            return;
        }
        room.dirs -= 1;
        let (first, rest) = pattern.split_once('/').map_or((pattern, None), |(a, b)| (a, Some(b)));
        let name = if first == "**" { "*" } else { first };
        let names = self.wanted.entry(dir.to_owned()).or_default();
        if !names.iter().any(|known| known == name) {
            names.push(name.into());
        }
        match (first, rest) {
            ("**", Some(rest)) => {
                room.dirs += 1;
                self.step(dir, rest, depth, room);
                let below = self.entries(dir).into_iter().filter(|(_, is_dir)| *is_dir);
                for (below, _) in below {
                    match depth {
                        0 => self.is_cut = true,
                        _ => self.step(&below, pattern, depth - 1, room),
                    }
                }
            }
            (name, Some(rest)) if !name.contains('*') => {
                self.step(&dir.join(name), rest, depth, room);
            }
            (pattern, Some(rest)) => {
                for (below, is_dir) in self.entries(dir) {
                    // A link to a directory counts as well, and leads no deeper.
                    if fits(pattern, &below) && (is_dir || below.is_dir()) {
                        self.step(&below, rest, depth, room);
                    }
                }
            }
            (name, None) if !name.contains('*') => {
                let path = dir.join(name);
                if path.symlink_metadata().is_ok() {
                    self.files.push(path);
                }
            }
            (pattern, None) => {
                for (path, is_dir) in self.entries(dir) {
                    if !is_dir && fits(pattern, &path) {
                        match room.files {
                            0 => self.is_cut = true,
                            _ => self.files.push(path),
                        }
                        room.files = room.files.saturating_sub(1);
                    }
                }
            }
        }
    }

    fn entries(&mut self, dir: &Path) -> Vec<(PathBuf, bool)> {
        let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
        let is_dir = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        let mut entries = entries.flatten().map(|entry| (entry.path(), is_dir(&entry)));
        let taken = entries.by_ref().take(MOST_ENTRIES).collect();
        self.is_cut |= entries.next().is_some();
        taken
    }
}

fn fits(pattern: &str, path: &Path) -> bool {
    path.file_name().is_some_and(|name| layout::fits(pattern, name.as_encoded_bytes()))
}

/// Adds the directory in which a missing one would appear, with the name that it waits for.
pub(super) fn wait_for(missing: &Path, wanted: &mut Wanted) {
    let mut below = missing;
    while let Some(above) = below.parent() {
        if above.is_dir() {
            let name = below.file_name().unwrap_or_default().to_string_lossy().into_owned();
            wanted.entry(above.to_owned()).or_default().push(name.into());
            return;
        }
        below = above;
    }
}
