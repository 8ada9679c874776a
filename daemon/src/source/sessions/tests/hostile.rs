//! What is no session file, however it is called.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{Scene, append, write};
use crate::source::sessions::Unread;

fn pipe(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

#[test]
fn what_is_no_file_is_counted_and_never_waited_for() {
    let mut scene = Scene::new();
    write(&scene.claude("s"), "one\n");
    pipe(&scene.claude("pipe"));
    let _socket = UnixListener::bind(scene.claude("sock")).unwrap();
    fs::create_dir(scene.claude("dir")).unwrap();
    symlink("s.jsonl", scene.claude("link")).unwrap();
    symlink("..", scene.claude("s").with_file_name("loop")).unwrap();
    symlink("/", scene.claude("s").with_file_name("disk")).unwrap();
    symlink("nowhere", scene.claude("dangling")).unwrap();
    scene.start();
    assert_eq!(scene.told.lines(), ["one"]);
    let unread = scene.told.status().unread;
    assert_eq!(unread[&Unread::NotAFile], 2);
    assert_eq!(unread[&Unread::Link], 4);
    for name in ["pipe", "sock", "link", "dangling"] {
        fs::remove_file(scene.claude(name)).unwrap();
    }
    write(&scene.claude("pipe"), "a file now\n");
    scene.catch_up();
    assert_eq!(scene.told.lines(), ["a file now"]);
    assert_eq!(scene.told.status().unread.get(&Unread::NotAFile), None);
}

#[test]
fn nobody_who_waits_to_write_into_a_pipe_is_let_go() {
    let mut scene = Scene::new();
    let path = scene.claude("pipe");
    pipe(&path);
    scene.start();
    write(&scene.claude("s"), "one\n");
    scene.catch_up();
    let flags = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK;
    let opened = rustix::fs::open(&path, flags, Mode::empty());
    assert_eq!(opened.unwrap_err(), rustix::io::Errno::NXIO, "nobody reads it");
}

#[test]
fn secrets_beside_session_files_are_never_opened() {
    let mut scene = Scene::new();
    // To look at a pipe is nothing; to open one for reading would let its writer in.
    let secrets = [
        ".claude/.credentials.json",
        ".claude/history.jsonl.bak",
        ".claude/file-history/history.jsonl",
        ".claude/sessions/1.0123.key",
        ".claude/daemon/control.key",
        ".claude/paste-cache/1.jsonl",
        ".claude/projects/-p/s/tool-results/1.jsonl",
        ".claude/projects/-p/memory/1.jsonl",
        ".claude/projects/-p/s/custom-title.json",
        ".codex/auth.json",
        ".codex/.env",
        ".codex/session_index.jsonl",
        ".codex/secrets/local.age",
        ".codex/sessions/auth.json",
    ];
    for secret in secrets {
        pipe(&scene.path(secret));
    }
    write(&scene.claude("s"), "one\n");
    let dir = scene.dir.path().to_owned();
    let opened = opened_below(&dir, &secrets, || {
        scene.start();
        assert_eq!(scene.told.lines(), ["one"]);
        assert_eq!(scene.told.status().unread.len(), 0, "they are not even looked at");
    });
    assert_eq!(opened, Vec::<String>::new());
}

/// Returns which of these files were opened while something was done.
fn opened_below(dir: &Path, names: &[&str], done: impl FnOnce()) -> Vec<String> {
    use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
    let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
    let watches: Vec<i32> = names
        .iter()
        .map(|name| inotify::add_watch(&queue, dir.join(name), WatchFlags::OPEN).unwrap())
        .collect();
    done();
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(&queue, &mut buffer);
    let mut opened = Vec::new();
    while let Ok(event) = reader.next() {
        let index = watches.iter().position(|watch| *watch == event.wd()).unwrap();
        opened.push(names[index].to_owned());
    }
    opened
}

#[test]
fn an_unreadable_file_is_a_state_and_read_once_it_may_be() {
    if rustix::process::geteuid().is_root() {
        // Nothing is unreadable to root.
        return;
    }
    let mut scene = Scene::new();
    let (path, dir) = (scene.claude("s"), scene.path(".claude/projects/-q"));
    write(&path, "one\n");
    write(&dir.join("t.jsonl"), "two\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o000)).unwrap();
    scene.start();
    assert_eq!(scene.told.status().unread[&Unread::Denied], 2);
    assert_eq!(scene.follower().interval(), None, "permissions are told of");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    scene.catch_up();
    let mut lines = scene.told.lines();
    lines.sort();
    assert_eq!(lines, ["one", "two"]);
    assert!(scene.told.status().unread.is_empty());
}

#[test]
fn damaged_and_exploding_compressed_files_are_states() {
    let mut scene = Scene::new();
    let packed = |name: &str| scene.codex(name).with_extension("jsonl.zst");
    let good = zstd::encode_all(&b"{\"a\":1}\n{\"b\":2}\n"[..], 3).unwrap();
    let (cut, bomb, noise) = (packed("cut"), packed("bomb"), packed("noise"));
    write(&cut, &good[..good.len() - 5]);
    write(&noise, b"this is no such file");
    // One line without end, in a few kilobytes.
    let endless = std::io::Read::take(std::io::repeat(b'x'), 70 << 20);
    write(&bomb, zstd::encode_all(endless, 1).unwrap());
    let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
    wide.window_log(27).unwrap();
    wide.long_distance_matching(true).unwrap();
    std::io::copy(&mut std::io::Read::take(std::io::repeat(b'x'), 1 << 20), &mut wide).unwrap();
    write(&packed("wide"), wide.finish().unwrap());
    scene.start();
    let before = scene.told.lines();
    let unread = scene.told.status().unread;
    assert_eq!(unread[&Unread::Undecodable], 3);
    assert_eq!(unread[&Unread::TooLarge], 1);
    let backfill = scene.told.status().backfill;
    assert_eq!((backfill.done_bytes, backfill.running), (backfill.total_bytes, false));

    // Told of, and not what is in it.
    fs::set_permissions(&noise, fs::Permissions::from_mode(0o600)).unwrap();
    append(&cut, &good[good.len() - 5..]);
    scene.catch_up();
    let lines = [before, scene.told.lines()].concat();
    assert_eq!(lines, ["{\"a\":1}", "{\"b\":2}"], "each once, before or after the cut");
    assert_eq!(scene.told.status().unread[&Unread::Undecodable], 2);
}

#[test]
fn directories_without_end_are_left() {
    let mut scene = Scene::new();
    let deep = format!(".claude/projects/{}", "d/".repeat(40));
    write(&scene.path(&format!("{deep}s.jsonl")), "one\n");
    scene.start();
    assert_eq!(scene.told.take(), []);
    assert_eq!(scene.told.status().unread[&Unread::TooDeep], 1);
}
