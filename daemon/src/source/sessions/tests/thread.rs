//! The follower on its thread.

use std::sync::mpsc::{Sender, channel};

use trackway_protocol::ids::Timestamp;

use super::{Scene, append, write};
use crate::event::FileId;
use crate::source::Ended;
use crate::source::sessions::{
    Closed, Cursor, Cursors, Follower, Found, Gone, Home, Sink, Skip, Start, Status, Stored,
};

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

struct Line(Sender<Vec<u8>>);

impl Sink for Line {
    fn begin(&mut self, _: &Found<'_>, _: Start<'_>) {}
    fn line(&mut self, _: u64, line: &[u8]) {
        drop(self.0.send(line.to_vec()));
    }
    fn skipped(&mut self, _: Skip, _: u64, _: u64) {}
    fn end(&mut self, _: Cursor) -> Result<(), Closed> {
        Ok(())
    }
    fn moved(&mut self, _: FileId, _: &std::path::Path) {}
    fn vanished(&mut self, _: FileId, _: &std::path::Path, _: Gone, _: Timestamp) {}
    fn status(&mut self, _: &Status) {}
}

#[test]
fn it_sleeps_and_wakes_for_orders_and_for_lines() {
    let scene = Scene::new();
    write(&scene.claude("s"), "one\n");
    let (lines, got) = channel();
    let (follower, orders) = Follower::open(Nothing, Line(lines)).unwrap();
    let thread = std::thread::spawn(|| follower.run());
    orders.follow(Home { agent: "claude", dir: scene.path(".claude") });
    assert_eq!(got.recv().unwrap(), b"one");
    append(&scene.claude("s"), "two\n");
    assert_eq!(got.recv().unwrap(), b"two");
    orders.stop();
    assert_eq!(thread.join().unwrap(), Ended::Ordered);
}
