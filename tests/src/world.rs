//! A directory of the test's own: a home, a repository, and another directory beside it.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The commit that every repository of a test is at.
pub const COMMIT: &str = "1b323443e2a49b0b526f22ac78ad27a773437544";
/// The remote of every repository of a test, as it should be recorded.
pub const REMOTE: &str = "https://git.example.com/team/widget.git";
/// The credentials in that remote's URL, which should be recorded nowhere.
pub const REMOTE_SECRET: &str = "ghp_remoteSecret7";

/// The objects of [`COMMIT`]: git itself is needed neither by the tests nor by the daemon.
const OBJECTS: [(&str, &[u8]); 3] = [
    ("1b/323443e2a49b0b526f22ac78ad27a773437544", include_bytes!("../fixtures/repo/commit")),
    ("72/5322682524f6bb2c5ddf2d4c2bcad4adf95c6b", include_bytes!("../fixtures/repo/tree")),
    ("4c/b29ea38f70d7c61b2a3a25b02e3bdf44905402", include_bytes!("../fixtures/repo/blob")),
];

/// The world of one test. It is removed with everything in it.
#[derive(Debug)]
pub struct World {
    root: PathBuf,
    _dir: TempDir,
}

impl World {
    /// Makes a new one.
    #[must_use]
    pub fn new() -> Self {
        // Not below `target`: that lies in a repository, and the agents look upwards.
        let mut dir = tempfile::Builder::new().prefix("trackway-").tempdir().expect("a directory");
        dir.disable_cleanup(env::var_os("TRACKWAY_TEST_KEEP").is_some());
        let root = dir.path().canonicalize().expect("it was just made");
        let world = Self { root, _dir: dir };
        for dir in [world.home(), world.other(), world.tmp()] {
            fs::create_dir_all(dir).expect("the root is ours");
        }
        repository(&world.repo());
        world
    }

    /// The directory that holds all others.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The user's home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// A repository on branch `main`, with one file `a.txt`.
    #[must_use]
    pub fn repo(&self) -> PathBuf {
        self.root.join("repo")
    }

    /// A directory in no repository.
    #[must_use]
    pub fn other(&self) -> PathBuf {
        self.root.join("other")
    }

    /// The temporary directory of agents. codex makes its helper links only where its home is not
    /// below that.
    #[must_use]
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Puts the directories of this world in place of `{root}`, `{home}`, `{repo}` and `{other}`.
    #[must_use]
    pub fn tell(&self, text: &str) -> String {
        let mut told = text.replace("{root}", &self.root.display().to_string());
        for name in ["home", "repo", "other"] {
            let dir = self.root.join(name).display().to_string();
            told = told.replace(&format!("{{{name}}}"), &dir);
        }
        told
    }

    /// Makes a new directory with a name of its own.
    #[must_use]
    pub fn fresh(&self, name: &str) -> PathBuf {
        let dir = tempfile::Builder::new().prefix(name).tempdir_in(&self.root);
        dir.expect("the root is ours").keep()
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes a repository at `root`, with a commit and a remote.
pub fn repository(root: &Path) {
    let git = root.join(".git");
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n[remote \"origin\"]\n\turl = {}\n",
        REMOTE.replace("://", &format!("://bot:{REMOTE_SECRET}@")),
    );
    let head = format!("{COMMIT}\n");
    let mut files: Vec<(PathBuf, &[u8])> = vec![
        (root.join("a.txt"), b"one\ntwo\nthree\n"),
        (git.join("HEAD"), b"ref: refs/heads/main\n"),
        (git.join("config"), config.as_bytes()),
        (git.join("refs/heads/main"), head.as_bytes()),
    ];
    files.extend(OBJECTS.map(|(name, bytes)| (git.join("objects").join(name), bytes)));
    for (path, bytes) in files {
        fs::create_dir_all(path.parent().expect("it is below the root")).expect("the root is ours");
        fs::write(path, bytes).expect("the root is ours");
    }
}

/// Makes `link` point to `target`.
pub fn link(target: impl AsRef<Path>, link: impl AsRef<Path>) {
    symlink(target, link).expect("the link is new");
}

/// Copies a program that is to run, and makes the directories above it.
///
/// By another process: while it is written, a process that another test starts would inherit it as
/// open for writing, and a program that anybody has so cannot be run (`ETXTBSY`).
pub fn copy_program(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a file is in a directory")).expect("the world is ours");
    let status = Command::new("cp").args(["-T", "--preserve=mode", "--"]).args([from, to]).status();
    assert!(status.expect("cp is everywhere").success(), "{} is not copied", from.display());
}

/// Writes a script that is to run, as [`copy_program`] does, and makes the directories above it.
pub fn write_script(path: &Path, text: &str) {
    let dir = path.parent().expect("a file is in a directory");
    fs::create_dir_all(dir).expect("the world is ours");
    let draft = tempfile::NamedTempFile::new_in(dir).expect("the world is ours");
    fs::write(&draft, text).expect("the world is ours");
    fs::set_permissions(&draft, Permissions::from_mode(0o755)).expect("it is ours");
    copy_program(draft.path(), path);
}

/// Returns the path of a program that cargo built beside this one.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = profile().join(name);
    let hint = "the tests need all programs: run `cargo test --workspace`";
    assert!(path.is_file(), "{} is missing: {hint}", path.display());
    path
}

/// Returns cargo's target directory.
#[must_use]
pub fn target() -> PathBuf {
    let marked = |dir: &&Path| dir.join("CACHEDIR.TAG").is_file();
    let profile = profile();
    let target = profile.ancestors().find(marked).or(profile.parent());
    target.expect("a profile has a directory of its own").to_owned()
}

/// `target/debug`, say: programs are in it, tests below its `deps`.
fn profile() -> PathBuf {
    let exe = env::current_exe().expect("/proc is there");
    let dir = exe.parent().expect("a file is in a directory");
    if dir.ends_with("deps") { dir.parent().unwrap_or(dir) } else { dir }.to_owned()
}
