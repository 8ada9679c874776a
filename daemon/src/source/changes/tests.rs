//! Trees on disk, and what is told of them. Nothing is waited for: the queue has what was done.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;
use tokio::sync::mpsc;

use super::*;

/// A tree that is watched.
struct Story {
    temp: TempDir,
    changes: Changes,
    events: mpsc::Receiver<Event>,
}

fn bounds() -> Bounds {
    Bounds { of_tree: 100, ignored: 20, all: 1000, names: 1000 }
}

impl Story {
    fn new() -> Self {
        Self::bounded(bounds())
    }

    fn bounded(bounds: Bounds) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let (sender, events) = mpsc::channel(1000);
        let watcher = Watcher::open().unwrap();
        let (_, orders) = Control::new(watcher.waker());
        Self { temp, changes: Changes::new(sender, orders, watcher, bounds), events }
    }

    /// A repository with these files.
    fn repository(files: &[&str]) -> Self {
        let story = Self::new();
        story.dir(".git/info");
        files.iter().for_each(|file| story.write(file, "x"));
        story
    }

    fn root(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn dir(&self, path: &str) {
        fs::create_dir_all(self.path(path)).unwrap();
    }

    fn watch(&mut self) -> &mut Self {
        self.watch_since(Timestamp::from_ms(i64::MAX / 2))
    }

    fn watch_since(&mut self, since: Timestamp) -> &mut Self {
        let root = self.root();
        self.changes.add(&root, since);
        self.settle();
        self
    }

    fn settle(&mut self) {
        while self.changes.step() {}
        self.changes.take().unwrap();
        while self.changes.step() {}
        self.changes.take().unwrap();
    }

    /// What was told since the last time, in order, each once.
    fn told(&mut self) -> Vec<(String, Alteration)> {
        self.settle();
        self.changes.grow_up(Duration::ZERO);
        self.changes.take().unwrap();
        let root = self.root();
        let mut told = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            let Event::Altered(altered) = event else { continue };
            for Altered { dir, files, .. } in altered {
                let dir = dir.strip_prefix(&root).unwrap().to_owned();
                told.extend(files.into_iter().map(|(name, what, early, at)| {
                    assert!(early <= at && at <= Timestamp::now());
                    (dir.join(name).display().to_string(), what)
                }));
            }
        }
        told.sort_by_key(|(path, what)| (path.clone(), *what as u8));
        told.dedup();
        told
    }

    fn claim(&mut self, expected: &[(&str, Alteration)]) {
        let told = self.told();
        let told: Vec<_> = told.iter().map(|(path, what)| (path.as_str(), *what)).collect();
        assert_eq!(told, expected);
    }
}

use Alteration::{Deleted, Ignored, Renamed, Untold, Written};

#[test]
fn files_that_change_are_told_and_what_came_and_went_is_not() {
    let mut story = Story::repository(&["a", "b", "c", "d", "sub/e"]);
    story.watch().claim(&[]);
    story.write("a", "other");
    story.write("new", "");
    fs::remove_file(story.path("b")).unwrap();
    fs::rename(story.path("c"), story.path("c2")).unwrap();
    story.write("sub/e", "y");
    story.write("sub/.tmp1", "z");
    fs::rename(story.path("sub/.tmp1"), story.path("d")).unwrap();
    story.write("passing", "");
    fs::remove_file(story.path("passing")).unwrap();
    fs::File::open(story.path("sub/e")).unwrap();
    story.claim(&[
        ("a", Written),
        ("b", Deleted),
        ("c", Renamed),
        ("c2", Written),
        ("d", Written),
        ("new", Written),
        ("sub/e", Written),
    ]);
    story.claim(&[]);
}

#[test]
fn what_is_written_elsewhere_first_and_then_put_in_place_is_one_change() {
    let mut story = Story::repository(&["a"]);
    story.watch();
    story.write("sedX1", "new");
    story.settle();
    assert_eq!(story.changes.young.len(), 1, "it may be in passing");
    assert!(story.changes.patience().is_some_and(|patience| patience <= YOUNG));
    fs::rename(story.path("sedX1"), story.path("a")).unwrap();
    story.claim(&[("a", Written)]);
    assert_eq!(story.changes.patience(), None);
}

#[test]
fn a_tree_that_is_removed_and_made_again_is_watched_again() {
    let mut story = Story::repository(&["a"]);
    story.dir("build");
    let build = story.path("build");
    story.changes.add(&build, Timestamp::from_ms(i64::MAX / 2));
    story.settle();
    fs::remove_dir_all(&build).unwrap();
    story.settle();
    assert!(story.changes.patience().is_some_and(|patience| patience <= LOST));
    story.write("build/b", "x");
    story.changes.looked -= LOST;
    story.changes.look_for_lost();
    story.claim(&[("build/b", Written)]);
    story.write("build/c", "x");
    story.claim(&[("build/c", Written)]);
    assert_eq!(story.changes.patience(), None);
}

#[test]
fn what_becomes_a_repository_has_its_rules_from_then_on() {
    let mut story = Story::new();
    story.write("made/x", "x");
    story.watch();
    story.dir(".git/info");
    story.write(".gitignore", "made/\n*.o\n");
    story.claim(&[(".gitignore", Written)]);
    story.write("made/x", "y");
    story.write("a.o", "y");
    story.write("b", "y");
    story.claim(&[("a.o", Ignored), ("b", Written), ("made/x", Ignored)]);
    let root: Arc<Path> = story.root().into();
    assert_eq!(story.changes.table.dirs[&root].repo, Some(root.clone()));
    assert_eq!(story.changes.table.roots[&root].ignored, 1);
    // What is ignored no more is told again.
    story.write(".gitignore", "*.o\n");
    story.claim(&[(".gitignore", Written)]);
    story.write("made/x", "z");
    story.claim(&[("made/x", Written)]);
    assert_eq!(story.changes.table.roots[&root].ignored, 0);
}

#[test]
fn a_tree_below_the_top_of_a_repository_spoils_nothing_that_is_known() {
    let mut story = Story::repository(&["src/a"]);
    story.write(".gitignore", "*.o\n");
    story.watch();
    let src = story.path("src");
    story.changes.add(&src, Timestamp::from_ms(i64::MAX / 2));
    story.settle();
    story.write("src/b.o", "x");
    story.claim(&[("src/b.o", Ignored)]);
}

#[test]
fn a_tree_lingers_and_is_taken_up_again() {
    let mut story = Story::repository(&["a"]);
    let root = story.root();
    let known = |story: &Story| story.changes.table.roots.get(&*root).copied();
    story.watch();
    story.changes.table.roots.get_mut(&*root).unwrap().left_at = Some(Instant::now());
    story.changes.remove_left(LINGER);
    assert!(known(&story).is_some() && story.changes.patience().is_some());
    story.watch();
    assert!(known(&story).unwrap().left_at.is_none());
    story.changes.table.roots.get_mut(&*root).unwrap().left_at = Some(Instant::now());
    story.changes.remove_left(Duration::ZERO);
    assert!(known(&story).is_none() && story.changes.table.dirs.is_empty());
}

#[test]
fn new_directories_are_told_with_all_in_them_and_watched() {
    let mut story = Story::repository(&["a"]);
    story.watch();
    story.write("n/m/f", "");
    story.claim(&[("n/m/f", Written)]);
    story.write("n/m/g", "");
    fs::remove_file(story.path("n/m/f")).unwrap();
    story.claim(&[("n/m/f", Deleted), ("n/m/g", Written)]);
    fs::rename(story.path("n"), story.path("o")).unwrap();
    story.claim(&[("n/m/0", Untold), ("o/m/g", Written)]);
    fs::remove_dir_all(story.path("o")).unwrap();
    story.claim(&[("o/m/g", Deleted)]);
    story.write("o/m/h", "");
    story.claim(&[("o/m/h", Written)]);
}

#[test]
fn what_is_ignored_is_counted_and_not_told() {
    let mut story = Story::repository(&["src/a.c", "target/old", "deep/.gitignore"]);
    story.write(".gitignore", "/target\n*.o\n");
    story.write("deep/.gitignore", "secret\n");
    story.watch();
    story.write("src/a.o", "");
    story.write("target/new", "");
    story.write("target/debug/deps/x", "");
    story.write("deep/secret", "");
    story.write("src/secret", "");
    story.write(".git/index", "");
    let told = story.told();
    let (ignored, rest): (Vec<_>, Vec<_>) = told.into_iter().partition(|it| it.1 == Ignored);
    assert_eq!(rest, [("src/secret".to_owned(), Written)]);
    let names: Vec<_> = ignored.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["deep/secret", "src/a.o", "target/debug/deps/x", "target/new"]);
}

#[test]
fn what_changed_before_it_was_watched_is_found_by_its_time() {
    let mut story = Story::repository(&["a", "sub/b"]);
    story.watch_since(Timestamp::from_ms(0)).claim(&[("a", Written), ("sub/b", Written)]);
    let mut late = Story::repository(&["a"]);
    late.watch_since(Timestamp::from_ms(Timestamp::now().ms() + 60_000)).claim(&[]);
}

#[test]
fn directories_of_agents_and_outside_of_repositories_hidden_ones_are_left_alone() {
    let mut story = Story::new();
    for path in [".claude/x", ".cache/y", "repo/.git/z", "repo/.github/w", "seen/v"] {
        story.write(path, "");
    }
    let own = story.path("seen/own");
    story.dir("seen/own");
    story.changes.exclude(&own);
    story.watch();
    for path in [".claude/x", ".cache/y", "repo/.git/z", "repo/.github/w", "seen/v"] {
        story.write(path, "1");
    }
    story.write("seen/own/u", "");
    story.write(".claude.json.backup", "");
    story.claim(&[("repo/.github/w", Written), ("seen/v", Written)]);
}

#[test]
fn no_more_is_watched_than_may_be_and_what_is_left_out_is_said() {
    let mut story = Story::bounded(Bounds { of_tree: 3, ..bounds() });
    for n in 0..6 {
        story.write(&format!("d{n}/f"), "");
    }
    story.watch();
    let mut said = Vec::new();
    while let Ok(event) = story.events.try_recv() {
        match event {
            Event::Unwatched { root, dirs } => said.push((root, dirs)),
            Event::Source(report) => {
                assert_eq!(report.state, State::Degraded);
                assert!(report.reason.starts_with("4 directories below "), "{}", report.reason);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(said, [(story.root(), 4)]);
    let root = story.root();
    story.changes.remove_tree(&root);
    assert!(story.changes.table.dirs.is_empty() && story.changes.table.by_watch.is_empty());
    let Ok(Event::Unwatched { root: over, dirs: 0 }) = story.events.try_recv() else {
        panic!("it is over")
    };
    assert_eq!(over, root);
    let Ok(Event::Source(report)) = story.events.try_recv() else { panic!("it is over") };
    assert_eq!(report.state, State::Active);
}

#[test]
fn a_large_tree_that_goes_is_gone_soon() {
    let mut story = Story::bounded(Bounds { of_tree: 4096, all: 4096, ..bounds() });
    for n in 0..1000 {
        story.dir(&format!("d{}/e{n}", n % 10));
    }
    story.watch();
    assert_eq!(story.changes.table.dirs.len(), 1011);
    fs::remove_dir_all(story.temp.path()).unwrap();
    let began = Instant::now();
    story.settle();
    assert!(story.changes.table.dirs.is_empty());
    assert!(began.elapsed() < Duration::from_secs(2), "it took {:?}", began.elapsed());
}

#[test]
fn a_tree_in_a_tree_stays_when_the_outer_one_is_left() {
    let mut story = Story::repository(&["in/.git/x", "in/a", "b"]);
    let (outer, inner) = (story.root(), story.path("in"));
    story.watch();
    story.changes.add(&inner, Timestamp::from_ms(i64::MAX / 2));
    story.settle();
    story.changes.remove_tree(&outer);
    story.settle();
    story.write("in/a", "1");
    story.write("b", "1");
    story.claim(&[("in/a", Written)]);
}

#[test]
fn after_a_loss_everything_is_looked_at_again() {
    let mut story = Story::repository(&["a", "b", "c"]);
    story.watch().claim(&[]);
    // As if the queue had run over: what it holds is not looked at.
    story.changes.emptied = Timestamp::from_ms(Timestamp::now().ms() - 5);
    story.write("a", "1");
    fs::remove_file(story.path("b")).unwrap();
    story.changes.watcher.take(&mut story.changes.seen);
    story.changes.seen.clear();
    story.changes.look_again();
    let told = story.told();
    assert!(told.contains(&("a".to_owned(), Written)), "{told:?}");
    assert_eq!(told.iter().filter(|(_, what)| *what == Untold).count(), 1, "{told:?}");
}

#[test]
fn links_are_files_and_pipes_are_nothing() {
    let mut story = Story::repository(&["a", "sub/b"]);
    story.watch();
    symlink("sub", story.path("link")).unwrap();
    let pipe = story.path("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    story.claim(&[("link", Written)]);
}
