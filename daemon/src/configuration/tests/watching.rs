//! The loop that watches, turn by turn.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use tokio::sync::{mpsc, watch};
use trackway_protocol::message::Filter;

use super::super::NAME;
use super::super::recorder::Recorder;
use super::super::watching::{POLL, Watching};
use super::{Story, change, told};
use crate::config::Standing;
use crate::event::{Event, State};
use crate::source::sessions::watch::{Scope, Watcher};
use crate::store::{self, Sealing, Store};

/// The loop, without a thread of its own.
fn watching(story: &Story, watches: usize) -> (Watching, mpsc::Receiver<Event>, store::Writer) {
    let state = story.path("state");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    let writer = store::open(&state).unwrap().start(Sealing::default());
    let kept = Store::kept(&state, writer.intake()).unwrap();
    let (sender, events) = mpsc::channel(1024);
    let mut watcher = Watcher::open().unwrap();
    watcher.allow(watches);
    // Nobody gives an order.
    let (_, orders) = std::sync::mpsc::channel();
    let (_, standing) = watch::channel(Standing::default());
    let watching = Watching::new(watcher, Recorder::new(kept).unwrap(), orders, sender, standing);
    (watching, events, writer)
}

fn reports(events: &mut mpsc::Receiver<Event>) -> Vec<(State, String, bool)> {
    let mut reports = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::Source(report) = event {
            assert_eq!(report.name, NAME);
            reports.push((report.state, report.reason, report.until.is_some()));
        }
    }
    reports
}

#[test]
fn what_cannot_be_watched_is_looked_at_from_time_to_time_and_that_is_said() {
    let story = Story::new();
    story.write("project/CLAUDE.md", "x");
    let (mut watching, mut events, writer) = watching(&story, 0);
    watching.add_project(&story.path("project"));
    watching.turn().unwrap();
    let [(state, reason, false)] = &reports(&mut events)[..] else { panic!("one report") };
    assert_eq!(*state, State::Degraded);
    assert!(reason.contains("raise fs.inotify.max_user_watches"), "{reason}");
    assert!(watching.patience().is_some_and(|patience| patience <= POLL));
    story.write("project/CLAUDE.md", "xy");
    watching.polled -= POLL;
    watching.take();
    watching.turn().unwrap();
    drop(watching);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(writer.close());
    let rows = store::open(&story.path("state")).unwrap().reader();
    let rows = rows.config(&Filter::default()).unwrap().rows;
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        [change("@content", "changed", json!(1), json!(2))]
    );
}

#[test]
fn a_queue_that_ran_over_is_a_gap_and_everything_is_looked_at_again() {
    let story = Story::new();
    story.write("project/CLAUDE.md", "x");
    let (mut watching, mut events, writer) = watching(&story, usize::MAX);
    watching.add_project(&story.path("project"));
    watching.turn().unwrap();
    // What was just written is looked at once more; then there is nothing to do.
    while let Some(patience) = watching.patience() {
        watching.watcher.wait(Some(patience));
        watching.take();
        watching.turn().unwrap();
    }
    reports(&mut events);
    let queue = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let queue: usize = queue.trim().parse().unwrap();
    for number in 0..=queue {
        fs::File::create(story.path(&format!("project/{number}"))).unwrap();
    }
    story.write("project/CLAUDE.md", "xy");
    watching.take();
    watching.turn().unwrap();
    let [(State::Degraded, reason, true)] = &reports(&mut events)[..] else { panic!("a gap") };
    assert!(reason.contains("ran over"), "{reason}");
    drop(watching);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(writer.close());
    let rows = store::open(&story.path("state")).unwrap().reader();
    assert_eq!(rows.config(&Filter::default()).unwrap().rows.len(), 1);
}

#[test]
fn nothing_is_watched_for_a_directory_that_is_gone() {
    let story = Story::new();
    let (mut watching, _events, writer) = watching(&story, usize::MAX);
    watching.add_project(&story.path("gone"));
    watching.turn().unwrap();
    // The kernel numbers watches in the order in which they are made.
    assert_eq!(watching.watcher.watch(&story.path("state"), Scope::Saved), Ok(1));
    drop(watching);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(writer.close());
}
