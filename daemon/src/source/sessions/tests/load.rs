//! How fast it goes. Not a test of anything but by eye: `cargo test --release -- --ignored --nocapture
//! sessions::tests::load`.

use std::time::Instant;

use super::{Scene, write};
use crate::event::FileId;
use crate::source::sessions::{
    Closed, Cursor, Cursors, Follower, Found, Gone, Home, Sink, Skip, Start, Status, Stored,
};

#[derive(Default)]
struct Count {
    lines: u64,
    bytes: u64,
    done: bool,
}

struct Nothing;

impl Cursors for Nothing {
    fn load(&mut self, _: FileId) -> Option<Stored> {
        None
    }
    fn named(&mut self, _: &std::ffi::OsStr) -> Option<Stored> {
        None
    }
    fn each(&mut self, _: &std::path::Path, _: &mut dyn FnMut(FileId, &std::path::Path)) {}
}

impl Sink for &mut Count {
    fn begin(&mut self, _: &Found<'_>, _: Start<'_>) {}
    fn line(&mut self, _: u64, line: &[u8]) {
        self.lines += 1;
        self.bytes += line.len() as u64 + 1;
    }
    fn skipped(&mut self, _: Skip, _: u64, _: u64) {}
    fn end(&mut self, _: Cursor) -> Result<(), Closed> {
        Ok(())
    }
    fn moved(&mut self, _: FileId, _: &std::path::Path) {}
    fn vanished(&mut self, _: FileId, _: &std::path::Path, _: Gone, _: Timestamp) {}
    fn status(&mut self, status: &Status) {
        self.done = !status.backfill.running;
    }
}

use trackway_protocol::ids::Timestamp;

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn backfill(scene: &Scene) -> Count {
    let mut count = Count::default();
    let (mut follower, _orders) = Follower::open(Nothing, &mut count).unwrap();
    follower.follow(Home { agent: "claude", dir: scene.path(".claude") });
    while follower.step().unwrap() {}
    follower.tell();
    println!("resident with the follower: {} kB", resident_kb());
    drop(follower);
    count
}

#[test]
#[ignore = "claims nothing: a gigabyte in 2,000 files is for a release build and a reader"]
fn a_gigabyte_is_measured_beside_cat() {
    let scene = Scene::new();
    let line = format!("{{\"type\":\"user\",\"text\":\"{}\"}}\n", "word ".repeat(200));
    let text = line.repeat((1 << 19) / line.len() + 1);
    for file in 0..2000 {
        let path = format!(".claude/projects/-p{}/{file}.jsonl", file % 50);
        write(&scene.path(&path), &text);
    }
    for _ in 0..3 {
        let began = Instant::now();
        let count = backfill(&scene);
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "follower: {} lines, {:.0} MB in {seconds:.2} s: {:.0} MB/s",
            count.lines,
            count.bytes as f64 / 1e6,
            count.bytes as f64 / 1e6 / seconds
        );
        let began = Instant::now();
        let command = format!(
            "find {} -name '*.jsonl' -print0 | xargs -0 cat | wc -l",
            scene.dir.path().display()
        );
        let output = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
        let lines: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        println!("cat | wc -l: {lines} lines in {:.2} s", began.elapsed().as_secs_f64());
        assert_eq!(count.lines, lines);
        assert!(count.done);
    }
}

#[test]
#[ignore = "claims nothing: 100,000 files are for a release build and a reader"]
fn a_hundred_thousand_files_are_measured() {
    let scene = Scene::new();
    for file in 0..100_000 {
        let path = format!(
            ".claude/projects/-home-user-src-project-number-{}/0b0e4d4e-9a43-4444-8888-{file:012}.jsonl",
            file % 1000
        );
        write(&scene.path(&path), "{\"type\":\"user\"}\n");
    }
    println!("resident before: {} kB", resident_kb());
    let began = Instant::now();
    let count = backfill(&scene);
    println!("{} lines of 100,000 files in {:.2} s", count.lines, began.elapsed().as_secs_f64());
}
