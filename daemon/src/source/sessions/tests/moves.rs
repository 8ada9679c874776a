//! Files that are truncated, replaced, moved and deleted.

use std::fs;

use super::recorder::Told;
use super::{Scene, append, write};
use crate::event::FileId;
use crate::source::sessions::Gone;

fn line(text: &str) -> Told {
    Told::Line(text.into())
}

#[test]
fn a_truncated_file_begins_again() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    write(&path, "one\ntwo\n");
    scene.start();
    scene.told.take();
    fs::File::options().write(true).open(&path).unwrap().set_len(4).unwrap();
    scene.catch_up();
    assert_eq!(scene.told.take(), [Told::Again(path.clone()), line("one")]);
    fs::File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    scene.catch_up();
    assert_eq!(scene.told.take(), [Told::Again(path)]);
}

#[test]
fn a_file_that_is_rewritten_in_place_begins_again() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    let head = "h".repeat(5000);
    write(&path, format!("{head}\none\n"));
    scene.start();
    scene.told.take();
    // The same head, and longer than before.
    write(&path, format!("{head}\nother\nmore\n"));
    scene.catch_up();
    let told = scene.told.take();
    assert_eq!(told, [Told::Again(path.clone()), line(&head), line("other"), line("more")]);
    // The same length, while nobody looks.
    scene.follower = None;
    write(&path, format!("{head}\nOTHER\nmore\n"));
    scene.start();
    assert_eq!(scene.told.take()[2..], [line("OTHER"), line("more")]);
}

#[test]
fn a_file_replaced_by_rename_is_another_file() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    write(&path, "one\n");
    scene.start();
    scene.told.take();
    let new = scene.path("new");
    write(&new, "one\ntwo\n");
    fs::rename(&new, &path).unwrap();
    scene.catch_up();
    let told = scene.told.take();
    let replaced = Told::Vanished(path.clone(), Gone::Replaced);
    assert_eq!(told, [replaced, Told::New(path), line("one"), line("two")]);
}

#[test]
fn a_moved_file_goes_on() {
    let mut scene = Scene::new();
    let (here, there) = (scene.codex("x"), scene.path(".codex/archived_sessions/rollout-x.jsonl"));
    write(&here, "one\n");
    write(&there.with_file_name("rollout-y.jsonl"), "");
    scene.start();
    scene.told.take();
    fs::rename(&here, &there).unwrap();
    append(&there, "two\n");
    scene.catch_up();
    assert_eq!(scene.told.take(), [Told::Moved(there.clone()), line("two")]);
    // The same, while nobody looks.
    scene.follower = None;
    fs::rename(&there, &here).unwrap();
    scene.start();
    assert_eq!(scene.told.take(), [Told::Moved(here)]);
}

#[test]
fn a_moved_directory_goes_on() {
    let mut scene = Scene::new();
    let path = scene.path(".claude/projects/-a/s/subagents/agent-1.jsonl");
    write(&path, "one\n");
    scene.start();
    scene.told.take();
    fs::rename(scene.path(".claude/projects/-a"), scene.path(".claude/projects/-b")).unwrap();
    let moved = scene.path(".claude/projects/-b/s/subagents/agent-1.jsonl");
    append(&moved, "two\n");
    scene.catch_up();
    assert_eq!(scene.told.take(), [Told::Moved(moved), line("two")]);
}

#[test]
fn a_hard_link_is_no_second_file() {
    let mut scene = Scene::new();
    let (one, two) = (scene.claude("1"), scene.claude("2"));
    write(&one, "one\n");
    scene.start();
    fs::hard_link(&one, &two).unwrap();
    append(&two, "two\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["one", "two"]);
    fs::remove_file(&one).unwrap();
    append(&two, "three\n");
    scene.catch_up();
    assert_eq!(scene.told.take(), [Told::Moved(two.clone()), line("three")]);
    fs::remove_file(&two).unwrap();
    scene.catch_up();
    assert_eq!(scene.told.take(), [Told::Vanished(two, Gone::Deleted)]);
}

#[test]
fn a_deleted_file_is_missed_once() {
    let mut scene = Scene::new();
    let (one, two) = (scene.claude("1"), scene.claude("2"));
    write(&one, "one\n");
    write(&two, "two\n");
    scene.start();
    scene.told.take();
    fs::remove_file(&one).unwrap();
    scene.catch_up();
    assert_eq!(scene.told.take(), [Told::Vanished(one, Gone::Deleted)]);
    scene.follower = None;
    fs::remove_dir_all(scene.path(".claude")).unwrap();
    scene.start();
    assert_eq!(scene.told.take(), [Told::Vanished(two, Gone::Deleted)]);
    scene.start();
    assert_eq!(scene.told.take(), []);
}

#[test]
fn a_reused_inode_is_another_file() {
    let mut scene = Scene::new();
    let (one, two) = (scene.claude("1"), scene.claude("2"));
    write(&one, "one\n");
    scene.start();
    let before = FileId::of(&one);
    scene.told.take();
    fs::remove_file(&one).unwrap();
    write(&two, "another\n");
    scene.catch_up();
    let told = scene.told.take();
    assert!(told.contains(&Told::Vanished(one, Gone::Deleted)), "{told:?}");
    assert!(told.ends_with(&[Told::New(two.clone()), line("another")]), "{told:?}");
    // Where the file system gives inodes again at once, this was the harder case.
    let _ = before == FileId::of(&two);
}
