//! Whatever is done to files, what was told of each is what a simple model says.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;

use proptest::prelude::*;

use super::{Scene, write};
use crate::event::FileId;

const NAMES: usize = 4;

/// What can be done, to files by number.
#[derive(Clone, Debug)]
enum Deed {
    /// Append so many bytes of lines, of which the last may be cut off.
    Append(usize, usize),
    /// Cut a file to a part of its length.
    Truncate(usize, prop::sample::Index),
    /// Write other lines in its place.
    Rewrite(usize, usize),
    /// Put a new file in its place.
    Replace(usize, usize),
    Rename(usize, usize),
    Link(usize, usize),
    Delete(usize),
    /// Move the directory away and back, under another name.
    Rotate,
    /// Look, and compare.
    Look,
    /// End, and begin as the next run does.
    Restart,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let (name, length) = (0..NAMES, 0..3000_usize);
    let deed = prop_oneof![
        6 => (name.clone(), length.clone()).prop_map(|(file, bytes)| Deed::Append(file, bytes)),
        1 => (name.clone(), any::<prop::sample::Index>()).prop_map(|(file, to)| Deed::Truncate(file, to)),
        1 => (name.clone(), length.clone()).prop_map(|(file, bytes)| Deed::Rewrite(file, bytes)),
        1 => (name.clone(), length).prop_map(|(file, bytes)| Deed::Replace(file, bytes)),
        2 => (name.clone(), name.clone()).prop_map(|(from, to)| Deed::Rename(from, to)),
        1 => (name.clone(), name.clone()).prop_map(|(from, to)| Deed::Link(from, to)),
        1 => name.prop_map(Deed::Delete),
        1 => Just(Deed::Rotate),
        6 => Just(Deed::Look),
        1 => Just(Deed::Restart),
    ];
    prop::collection::vec(deed, 1..40)
}

/// What was told of a file, as the model has it.
#[derive(Debug, Default)]
struct Read {
    /// The bytes whose lines were told.
    bytes: Vec<u8>,
    lines: Vec<String>,
}

struct World {
    scene: Scene,
    slug: usize,
    /// Lines are never the same twice.
    count: usize,
    read: HashMap<FileId, Read>,
}

impl World {
    fn new() -> Self {
        let mut world = Self { scene: Scene::new(), slug: 0, count: 0, read: HashMap::new() };
        fs::create_dir_all(world.dir()).unwrap();
        world.scene.start();
        world
    }

    fn dir(&self) -> std::path::PathBuf {
        self.scene.path(&format!(".claude/projects/-{}", self.slug))
    }

    fn path(&self, file: usize) -> std::path::PathBuf {
        self.dir().join(format!("{file}.jsonl"))
    }

    /// Makes lines of about so many bytes; the last is cut off anywhere.
    fn text(&mut self, length: usize) -> String {
        let mut text = String::new();
        while text.len() < length {
            self.count += 1;
            let filling = "x".repeat(self.count * 7 % 90);
            text.push_str(&format!("{{\"n\":{},\"x\":\"{filling}\"}}\n", self.count));
        }
        text.truncate(length);
        text
    }

    fn perform(&mut self, deed: &Deed) {
        match *deed {
            Deed::Append(file, length) => {
                let text = self.text(length);
                let file = File::options().create(true).append(true).open(self.path(file));
                file.unwrap().write_all(text.as_bytes()).unwrap();
            }
            Deed::Truncate(file, to) => {
                if let Ok(file) = File::options().write(true).open(self.path(file)) {
                    let length = file.metadata().unwrap().len();
                    file.set_len(to.index(length as usize + 1) as u64).unwrap();
                }
            }
            Deed::Rewrite(file, length) => {
                let text = self.text(length);
                write(&self.path(file), text);
            }
            Deed::Replace(file, length) => {
                let text = self.text(length);
                write(&self.path(file).with_extension("tmp"), text);
                fs::rename(self.path(file).with_extension("tmp"), self.path(file)).unwrap();
            }
            Deed::Rename(from, to) => drop(fs::rename(self.path(from), self.path(to))),
            Deed::Link(from, to) => drop(fs::hard_link(self.path(from), self.path(to))),
            Deed::Delete(file) => drop(fs::remove_file(self.path(file))),
            Deed::Rotate => {
                let before = self.dir();
                self.slug += 1;
                fs::rename(before, self.dir()).unwrap();
            }
            Deed::Look => {
                self.scene.catch_up();
                self.compare();
            }
            Deed::Restart => {
                self.scene.follower = None;
                self.scene.start();
                self.compare();
            }
        }
    }

    /// Reads every file as the follower should have, and compares.
    fn compare(&mut self) {
        let mut read: HashMap<FileId, Read> = HashMap::new();
        let mut new = 0;
        for file in 0..NAMES {
            let path = self.path(file);
            let (Some(id), Ok(bytes)) = (FileId::of(&path), fs::read(&path)) else { continue };
            if read.contains_key(&id) {
                // A second name of it.
                continue;
            }
            let before = self.read.remove(&id).filter(|before| bytes.starts_with(&before.bytes));
            let mut now = before.unwrap_or_default();
            new -= now.lines.len() as i64;
            now.go_on(&bytes);
            new += now.lines.len() as i64;
            assert_eq!(self.scene.told.lines_of(id), now.lines, "{}", path.display());
            read.insert(id, now);
        }
        self.read = read;
        assert_eq!(self.scene.told.lines().len() as i64, new, "each line once");
    }
}

impl Read {
    fn go_on(&mut self, bytes: &[u8]) {
        let new = &bytes[self.bytes.len()..];
        for line in new.split_inclusive(|byte| *byte == b'\n') {
            let text = std::str::from_utf8(line).unwrap();
            let whole = serde_json::from_str::<serde_json::Value>(text).is_ok();
            if text.ends_with('\n') || whole {
                self.bytes.extend_from_slice(line);
                self.lines.extend(Some(text.trim_end().to_owned()).filter(|text| !text.is_empty()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn each_line_of_each_incarnation_is_told_once(deeds in deeds()) {
        let mut world = World::new();
        for deed in &deeds {
            world.perform(deed);
        }
        world.perform(&Deed::Look);
        let status = world.scene.told.status();
        prop_assert!(status.unread.is_empty());
        // All that were told to vanish are gone, and no other.
        let files = (0..NAMES).filter_map(|file| FileId::of(&world.path(file)));
        let files: std::collections::HashSet<FileId> = files.collect();
        prop_assert_eq!(status.files, files.len());
    }
}

#[test]
fn what_was_written_by_a_name_that_is_another_file_s_by_now_is_told() {
    let mut world = World::new();
    for deed in [
        Deed::Rewrite(3, 0),
        Deed::Look,
        Deed::Link(3, 1),
        Deed::Append(1, 21),
        Deed::Delete(1),
        Deed::Append(1, 0),
        Deed::Look,
    ] {
        world.perform(&deed);
    }
}
