//! Directories that come, go, and cannot be watched.

use std::fs;
use std::os::unix::fs::symlink;

use super::recorder::Told;
use super::{Scene, append, write};
use crate::source::sessions::watch::Seen;
use crate::source::sessions::{Gone, Home, Refused};

#[test]
fn a_home_is_waited_for() {
    let mut scene = Scene::new();
    scene.start();
    write(&scene.claude("s"), "one\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["one"]);
    write(&scene.codex("x"), "two\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["two"]);
}

#[test]
fn directories_that_appear_are_read_and_watched() {
    let mut scene = Scene::new();
    write(&scene.claude("s"), "one\n");
    scene.start();
    let path = scene.path(".claude/projects/-q/s/subagents/agent-1.jsonl");
    write(&path, "two\n");
    scene.catch_up();
    append(&path, "three\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["one", "two", "three"]);
}

#[test]
fn a_home_that_is_replaced_is_followed_on() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    write(&path, "one\n");
    scene.start();
    scene.told.take();
    fs::rename(scene.path(".claude"), scene.path("away")).unwrap();
    scene.catch_up();
    assert_eq!(scene.told.take(), [Told::Vanished(path.clone(), Gone::Deleted)]);
    append(&scene.path("away/projects/-p/s.jsonl"), "unseen\n");
    write(&path, "new\n");
    scene.catch_up();
    append(&path, "more\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["new", "more"]);
}

#[test]
fn a_home_replaced_in_one_go_is_followed_on() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    write(&path, "one\n");
    write(&scene.path("other/projects/-p/s.jsonl"), "two\n");
    scene.start();
    fs::rename(scene.path(".claude"), scene.path("away")).unwrap();
    fs::rename(scene.path("other"), scene.path(".claude")).unwrap();
    scene.catch_up();
    append(&path, "three\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["one", "two", "three"]);
}

#[test]
fn linked_homes_and_roots_are_followed_also_to_another_place() {
    let mut scene = Scene::new();
    write(&scene.path("a/disk/-p/s.jsonl"), "one\n");
    fs::create_dir_all(scene.path("a/home")).unwrap();
    symlink("../disk", scene.path("a/home/projects")).unwrap();
    symlink("a/home", scene.path(".claude")).unwrap();
    scene.start();
    append(&scene.path("a/disk/-p/s.jsonl"), "two\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["one", "two"]);
    write(&scene.path("b/projects/-p/t.jsonl"), "three\n");
    symlink("b", scene.path("new")).unwrap();
    fs::rename(scene.path("new"), scene.path(".claude")).unwrap();
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["three"]);
}

#[test]
fn a_home_by_two_paths_is_read_once() {
    let mut scene = Scene::new();
    write(&scene.claude("s"), "one\n");
    symlink(".claude", scene.path("alias")).unwrap();
    scene.start();
    let dir = scene.path("alias");
    scene.follower().follow(Home { agent: "claude", dir });
    scene.catch_up();
    append(&scene.claude("s"), "two\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["one", "two"]);
}

#[test]
fn what_is_not_watched_is_looked_at_and_told() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    write(&path, "one\n");
    scene.start();
    scene.follower().watcher.allow(1);
    let far = scene.path(".claude/projects/-q/s/subagents/agent-1.jsonl");
    write(&far, "two\n");
    scene.catch_up();
    let status = scene.told.status();
    assert_eq!((status.unwatched, status.refused), (2, Some(Refused::Watches)));
    append(&far, "three\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["one", "two"]);
    scene.follower().poll();
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["three"]);
    fs::remove_file(&far).unwrap();
    scene.follower().watcher.allow(100);
    scene.follower().poll();
    scene.catch_up();
    assert_eq!(scene.told.take(), [Told::Vanished(far, Gone::Deleted)]);
    let status = scene.told.status();
    assert_eq!((status.unwatched, status.refused), (0, None));
}

#[test]
fn after_an_overflow_everything_is_looked_at() {
    let mut scene = Scene::new();
    let (one, two) = (scene.claude("1"), scene.claude("2"));
    write(&one, "one\n");
    write(&two, "two\n");
    scene.start();
    scene.told.take();
    append(&one, "more\n");
    fs::remove_file(&two).unwrap();
    write(&scene.path(".claude/projects/-q/3.jsonl"), "three\n");
    scene.follower().lose_events();
    scene.follower().seen.push(Seen::Overflow);
    scene.catch_up();
    let mut told = scene.told.take();
    told.retain(|told| !matches!(told, Told::New(_)));
    told.sort_by_key(|told| format!("{told:?}"));
    let lines = ["more", "three"].map(|line| Told::Line(line.into()));
    assert_eq!(told[..2], lines);
    assert_eq!(told[2..], [Told::Vanished(two, Gone::Deleted)]);
    assert_eq!(scene.told.status().overflows, 1);
}

#[test]
fn a_history_is_followed_after_all_else() {
    let mut scene = Scene::new();
    write(&scene.path(".claude/history.jsonl"), "typed\n");
    write(&scene.claude("s"), "one\n");
    write(&scene.path(".codex/history.jsonl"), "too\n");
    scene.start();
    let lines = scene.told.lines();
    assert_eq!((lines.len(), &*lines[0]), (3, "one"));
    append(&scene.path(".claude/history.jsonl"), "more\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["more"]);
    // The home comes again with all that was in it.
    std::fs::rename(scene.path(".claude"), scene.path("away")).unwrap();
    std::fs::rename(scene.path("away"), scene.path(".claude")).unwrap();
    scene.catch_up();
    append(&scene.claude("s"), "two\n");
    append(&scene.path(".claude/history.jsonl"), "again\n");
    scene.catch_up();
    let mut lines = scene.told.lines();
    lines.sort();
    assert_eq!(lines, ["again", "two"]);
}

#[test]
fn idle_is_idle() {
    let mut scene = Scene::new();
    write(&scene.claude("s"), "one\n");
    scene.start();
    assert_eq!(scene.follower().interval(), None);
    // What other programs do in the home is not followed.
    write(&scene.path(".claude/stats.jsonl"), "x\n");
    let begins = scene.told.begins();
    scene.catch_up();
    assert_eq!(scene.told.begins(), begins);
}
