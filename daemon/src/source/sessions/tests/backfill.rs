//! What lay there at the start, lines and slices.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::recorder::Told;
use super::{Scene, append, write};
use crate::source::sessions::Skip;

#[test]
fn all_session_files_are_read_newest_first() {
    let mut scene = Scene::new();
    let codex = scene.codex("x");
    let archived = scene.path(".codex/archived_sessions/rollout-y.jsonl");
    let subagent = scene.path(".claude/projects/-p/s/subagents/workflows/w/agent-1.jsonl");
    let files = [scene.claude("s"), scene.claude("agent-0"), subagent, codex, archived];
    for (age, path) in files.iter().enumerate() {
        write(path, format!("{{\"age\":{age}}}\n"));
        let at = SystemTime::now() - Duration::from_secs(100 * age as u64);
        File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
    }
    scene.start();
    let expected: Vec<String> = (0..5).map(|age| format!("{{\"age\":{age}}}")).collect();
    assert_eq!(scene.told.lines(), expected);
    let backfill = scene.told.status().backfill;
    assert!(!backfill.running);
    assert_eq!((backfill.done_bytes, backfill.total_bytes), (50, 50));
}

#[test]
fn another_run_reads_nothing_twice_and_goes_on() {
    let mut scene = Scene::new();
    let (one, two) = (scene.claude("1"), scene.claude("2"));
    write(&one, "a\npart");
    write(&two, "x\n");
    scene.start();
    scene.told.take();
    append(&one, "ial\n");
    scene.start();
    let told = scene.told.take();
    assert_eq!(told, [Told::Resumed(one), Told::Line("partial".into())]);
}

#[test]
fn a_running_session_is_read_before_what_lies_there() {
    let mut scene = Scene::new();
    let (large, live) = (scene.claude("large"), scene.claude("live"));
    write(&live, "first\n");
    write(&large, "0123456789abcde\n".repeat(1 << 20));
    scene.start_slowly();
    while scene.told.begins() == 0 {
        scene.follower().step().unwrap();
    }
    append(&live, "now\n");
    scene.follower().step().unwrap();
    let lines = scene.told.lines();
    assert!(lines.len() < 1 << 20, "the large file is not finished");
    assert_eq!(lines[lines.len() - 2..], ["first", "now"]);
    let backfill = scene.told.status().backfill;
    assert!(backfill.running && backfill.done_bytes > 0);
    scene.catch_up();
    let backfill = scene.told.status().backfill;
    assert_eq!((backfill.done_bytes, backfill.running), (backfill.total_bytes, false));
}

#[test]
fn a_partial_line_waits_for_its_newline() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    write(&path, "{\"a\":");
    scene.start();
    append(&path, "1");
    scene.catch_up();
    assert_eq!(scene.told.take(), []);
    append(&path, "}\n{\"b\"");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["{\"a\":1}"]);
}

#[test]
fn a_last_object_without_newline_is_a_line_once() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    write(&path, "{\"a\":1}");
    scene.start();
    assert_eq!(scene.told.lines(), ["{\"a\":1}"]);
    append(&path, "\n");
    scene.catch_up();
    append(&path, "{\"b\":");
    scene.catch_up();
    append(&path, "\"}\"}");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["{\"b\":\"}\"}"]);
    append(&path, "\r\n{}\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["{}"]);
}

#[test]
fn a_line_in_many_pieces_is_read_about_once() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    write(&path, "");
    scene.start();
    for _ in 0..200 {
        append(&path, "x".repeat(1000));
        scene.catch_up();
    }
    append(&path, "\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["x".repeat(200_000)]);
    assert_eq!(scene.told.begins(), 1);
}

#[test]
fn a_line_beyond_the_bound_is_skipped_also_by_the_next_run() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    write(&path, "first\n");
    let file = File::options().append(true).open(&path).unwrap();
    // A hole: a gigabyte of zeros that no disk has to hold.
    file.set_len(6 + (1 << 30)).unwrap();
    scene.start();
    append(&path, "more");
    scene.start();
    append(&path, "\nlast\n");
    scene.catch_up();
    let told = scene.told.take();
    let skipped = |told: &Told| match told {
        Told::Skipped(_, bytes) => *bytes,
        _ => 0,
    };
    assert_eq!(told.iter().map(skipped).sum::<u64>(), (1 << 30) + 4);
    let begun = told.iter().filter(|told| matches!(told, Told::Skipped(Skip::TooLong, _)));
    assert_eq!(begun.count(), 1);
    assert_eq!(told.last(), Some(&Told::Line("last".into())));
}

#[test]
fn any_bytes_pass_through() {
    let mut scene = Scene::new();
    let path = scene.claude("s");
    write(&path, b"\xff\xfe\0\0\n\0\nok\n");
    scene.start();
    assert_eq!(scene.told.lines(), ["\u{fffd}\u{fffd}\0\0", "\0", "ok"]);
}

#[test]
fn compressed_files_are_read_and_the_plain_one_wins() {
    let mut scene = Scene::new();
    let plain = scene.codex("x");
    let packed = scene.codex("x").with_extension("jsonl.zst");
    let other = scene.path(".codex/archived_sessions/rollout-y.jsonl.zst");
    write(&plain, "{\"plain\":1}\n");
    write(&packed, zstd::encode_all(&b"{\"packed\":1}\n"[..], 3).unwrap());
    write(&other, zstd::encode_all(&b"{\"a\":1}\n{\"b\":2}"[..], 3).unwrap());
    scene.start();
    let mut lines = scene.told.lines();
    lines.sort();
    assert_eq!(lines, ["{\"a\":1}", "{\"b\":2}", "{\"plain\":1}"]);
    scene.start();
    assert_eq!(scene.told.take(), [], "what was decoded whole is not decoded again");
}

#[test]
fn a_session_that_is_compressed_goes_on_where_it_was() {
    let mut scene = Scene::new();
    let plain = scene.codex("x");
    let packed = scene.codex("x").with_extension("jsonl.zst");
    let text: String = (0..200_000).map(|line| format!("{{\"line\":{line}}}\n")).collect();
    write(&plain, &text);
    scene.start();
    assert_eq!(scene.told.lines().len(), 200_000);

    write(&packed, zstd::encode_all(text.as_bytes(), 3).unwrap());
    fs::remove_file(&plain).unwrap();
    scene.catch_up();
    assert_eq!(scene.told.lines(), [""; 0], "all of it was read");

    write(&plain, format!("{text}{{\"more\":1}}\n"));
    fs::remove_file(&packed).unwrap();
    scene.catch_up();
    assert!(scene.told.lines().ends_with(&["{\"more\":1}".to_owned()]));
}

#[test]
fn a_compressed_file_of_many_slices_is_read_whole() {
    let mut scene = Scene::new();
    let packed = scene.codex("x").with_extension("jsonl.zst");
    let text: String = (0..800_000).map(|line| format!("{{\"line\":{line}}}\n")).collect();
    write(&packed, zstd::encode_all(text.as_bytes(), 1).unwrap());
    scene.start_slowly();
    while scene.told.begins() < 3 {
        scene.follower().step().unwrap();
    }
    // Another run in between.
    scene.start();
    let lines = scene.told.lines();
    assert_eq!(lines.len(), 800_000);
    assert_eq!(lines.last().unwrap(), "{\"line\":799999}");
}
