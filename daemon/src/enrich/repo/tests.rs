//! Against real repositories, and against what `git` itself says of them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::*;

mod hostile;
mod identity;

/// A directory of repositories.
struct Yard {
    temp: TempDir,
}

impl Yard {
    fn new() -> Self {
        Self { temp: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.temp.path()).unwrap().join(name)
    }

    /// Makes a repository with one commit.
    fn repository(&self, name: &str) -> PathBuf {
        self.repository_with(name, &[])
    }

    fn repository_with(&self, name: &str, options: &[&str]) -> PathBuf {
        let dir = self.path(name);
        fs::create_dir_all(&dir).unwrap();
        git(&dir, &[&["init", "-q", "-b", "main"], options].concat());
        git(&dir, &["commit", "-q", "--allow-empty", "-m", "x"]);
        dir
    }

    fn dir(&self, name: &str) -> PathBuf {
        let dir = self.path(name);
        fs::create_dir_all(&dir).unwrap();
        dir
    }
}

/// Runs git as on a machine without any settings.
fn try_git(dir: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", "/nonexistent")
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@example.org")])
        .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@example.org")])
        .args(["-c", "protocol.file.allow=always", "-C"])
        .arg(dir)
        .args(args)
        .output()
        .expect("the tests need git");
    let text = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| text.trim_end().to_owned())
}

fn git(dir: &Path, args: &[&str]) -> String {
    try_git(dir, args).unwrap_or_else(|| panic!("git {args:?} failed in {}", dir.display()))
}

/// Finds a repository as on a machine without any settings.
fn find(dir: &Path) -> Result<Option<Repo>, RepoError> {
    super::find(dir, &Settings::default())
}

/// What git says about a directory in a working tree.
fn as_git_says(dir: &Path) -> Option<Repo> {
    let root = try_git(dir, &["rev-parse", "--show-toplevel"]).or_else(|| {
        let is_bare = try_git(dir, &["rev-parse", "--is-bare-repository"])? == "true";
        let git_dir = try_git(dir, &["rev-parse", "--absolute-git-dir"])?;
        is_bare.then_some(git_dir)
    })?;
    let trees = git(dir, &["worktree", "list", "--porcelain", "-z"]);
    let main = trees.split('\0').next()?.strip_prefix("worktree ")?.to_owned();
    Some(Repo {
        main: (main != root && root != format!("{main}/.git")).then_some(main),
        root,
        remote: try_git(dir, &["remote", "get-url", "origin"]),
        upstream: try_git(dir, &["remote", "get-url", "upstream"]),
        branch: try_git(dir, &["symbolic-ref", "--short", "HEAD"]),
        commit: try_git(dir, &["rev-parse", "--verify", "-q", "HEAD"]),
        ..Repo::default()
    })
}

/// Finds what lies at `dir`, and sees that git agrees.
fn found(dir: &Path) -> Repo {
    let repo = find(dir).unwrap().expect("there is a repository");
    assert_eq!(Some(&repo), as_git_says(dir).as_ref(), "{}", dir.display());
    repo
}

/// Whether neither we nor git see a repository.
fn is_none(dir: &Path) -> bool {
    find(dir).unwrap().is_none() && try_git(dir, &["rev-parse", "--git-dir"]).is_none()
}

#[test]
fn a_directory_below_the_top_is_in_the_repository() {
    let yard = Yard::new();
    let top = yard.repository("r");
    git(&top, &["remote", "add", "origin", "https://example.org/a.git"]);
    let repo = found(&yard.dir("r/a/b/c"));
    assert_eq!(repo.root, top.to_str().unwrap());
    assert_eq!(repo.branch.as_deref(), Some("main"));
    assert_eq!(repo.remote.as_deref(), Some("https://example.org/a.git"));
    assert_eq!(found(&top), repo);
}

#[test]
fn a_directory_outside_is_in_none() {
    let yard = Yard::new();
    assert!(is_none(&yard.dir("a")));
    yard.dir("a/.git");
    assert!(is_none(&yard.path("a")));
    fs::write(yard.path("a/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
    assert!(is_none(&yard.path("a")));
}

#[test]
fn an_empty_dot_git_does_not_hide_the_repository_above() {
    let yard = Yard::new();
    yard.repository("r");
    yard.dir("r/a/.git");
    found(&yard.path("r/a"));
}

#[test]
fn a_deleted_directory_is_unknown() {
    let error = find(&Yard::new().path("a")).unwrap_err();
    assert_eq!(error.to_string(), "the directory no longer exists");
}

#[test]
fn a_path_through_a_link_leads_to_the_canonical_root() {
    let yard = Yard::new();
    yard.repository("r");
    yard.dir("r/a");
    symlink(yard.path("r/a"), yard.path("link")).unwrap();
    assert_eq!(found(&yard.path("link")).root, yard.path("r").to_str().unwrap());
}

#[test]
fn a_root_that_is_not_utf8_keeps_its_bytes() {
    let yard = Yard::new();
    let dir = yard.path("r").with_file_name(crate::event::os_string(b"\xff"));
    fs::create_dir(&dir).unwrap();
    git(&dir, &["init", "-q"]);
    let repo = find(&dir).unwrap().unwrap();
    assert!(repo.root.ends_with("/\u{fffd}"));
    assert_eq!(PathText::from_os(&dir).b64, repo.root_b64);
    assert!(repo.root_b64.is_some());
}

#[test]
fn a_detached_head_has_a_commit_and_no_branch() {
    let yard = Yard::new();
    let top = yard.repository("r");
    git(&top, &["checkout", "-q", "--detach"]);
    let repo = found(&top);
    assert_eq!((repo.branch, repo.commit.map(|id| id.len())), (None, Some(40)));
}

#[test]
fn an_unborn_branch_has_no_commit() {
    let yard = Yard::new();
    let top = yard.repository("r");
    git(&top, &["checkout", "-q", "--orphan", "new/one"]);
    let repo = found(&top);
    assert_eq!((repo.branch.as_deref(), repo.commit), (Some("new/one"), None));
}

#[test]
fn packed_references_are_found() {
    let yard = Yard::new();
    let top = yard.repository("r");
    git(&top, &["tag", "-a", "v1", "-m", "x"]);
    git(&top, &["pack-refs", "--all", "--prune"]);
    assert!(!top.join(".git/refs/heads/main").exists());
    assert!(found(&top).commit.is_some());
    // A directory in the place of the branch's own file.
    yard.dir("r/.git/refs/heads/main");
    assert!(found(&top).commit.is_some());
    git(&top, &["commit", "-q", "--allow-empty", "-m", "y"]);
    found(&top);
}

#[test]
fn a_head_that_is_a_link_is_a_symbolic_reference() {
    let yard = Yard::new();
    let top = yard.repository("r");
    fs::remove_file(top.join(".git/HEAD")).unwrap();
    symlink("refs/heads/main", top.join(".git/HEAD")).unwrap();
    assert_eq!(found(&top).branch.as_deref(), Some("main"));
}

#[test]
fn sha256_repositories_are_read() {
    let yard = Yard::new();
    let top = yard.repository_with("r", &["--object-format=sha256"]);
    assert_eq!(found(&top).commit.map(|id| id.len()), Some(64));
    git(&top, &["pack-refs", "--all"]);
    found(&top);
}

#[test]
fn a_reftable_repository_has_a_root_and_a_remote() {
    let yard = Yard::new();
    let top = yard.repository("r");
    git(&top, &["remote", "add", "origin", "/o"]);
    // As git lays it out; not every git that the tests meet can.
    let git_dir = top.join(".git");
    git(&top, &["config", "core.repositoryFormatVersion", "1"]);
    git(&top, &["config", "extensions.refStorage", "reftable"]);
    fs::create_dir(git_dir.join("reftable")).unwrap();
    fs::write(git_dir.join("HEAD"), "ref: refs/heads/.invalid\n").unwrap();
    fs::remove_dir_all(git_dir.join("refs/heads")).unwrap();
    fs::write(git_dir.join("refs/heads"), "this repository uses the reftable format\n").unwrap();
    let root = top.to_str().unwrap().to_owned();
    let expected = Repo { root, remote: Some("/o".to_owned()), ..Repo::default() };
    assert_eq!(find(&top).unwrap(), Some(expected));
}

#[test]
fn a_linked_working_tree_is_a_root_of_its_own() {
    let yard = Yard::new();
    let top = yard.repository("r");
    git(&top, &["remote", "add", "origin", "/o"]);
    git(&top, &["worktree", "add", "-q", "-b", "side", "../w"]);
    let repo = found(&yard.dir("w/a"));
    assert_eq!(repo.root, yard.path("w").to_str().unwrap());
    assert_eq!(repo.branch.as_deref(), Some("side"));
    assert_eq!(repo.remote.as_deref(), Some("/o"));
    git(&top, &["pack-refs", "--all"]);
    found(&yard.path("w"));
    let inside = top.join(".git/worktrees/w");
    let repo = find(&inside).unwrap().unwrap();
    assert_eq!((repo.root.as_str(), repo.branch.as_deref()), (top.to_str().unwrap(), Some("side")));
}

#[test]
fn a_reference_of_one_working_tree_alone_is_read_there() {
    let yard = Yard::new();
    let top = yard.repository("r");
    git(&top, &["worktree", "add", "-q", "-b", "side", "../w"]);
    let tree = yard.path("w");
    git(&tree, &["commit", "-q", "--allow-empty", "-m", "y"]);
    git(&tree, &["update-ref", "refs/worktree/own", "HEAD"]);
    git(&tree, &["symbolic-ref", "HEAD", "refs/worktree/own"]);
    let repo = find(&tree).unwrap().unwrap();
    assert_eq!((repo.branch, repo.commit), (None, Some(git(&tree, &["rev-parse", "HEAD"]))));
}

#[test]
fn bare_repositories_are_their_own_root_with_linked_working_trees_beside() {
    let yard = Yard::new();
    let top = yard.repository("r");
    git(&top, &["clone", "-q", "--bare", ".", "../b.git"]);
    let bare = yard.path("b.git");
    assert_eq!(found(&bare).root, bare.to_str().unwrap());
    assert_eq!(found(&bare.join("refs/heads")).root, bare.to_str().unwrap());
    git(&bare, &["worktree", "add", "-q", "../w", "main"]);
    assert_eq!(found(&yard.path("w")).root, yard.path("w").to_str().unwrap());
    let inside = find(&bare.join("worktrees/w")).unwrap().unwrap();
    assert_eq!(inside.root, bare.to_str().unwrap());
}

#[test]
fn a_bare_repository_behind_a_dot_git_file_is_the_root() {
    let yard = Yard::new();
    let top = yard.repository("r");
    let project = yard.dir("p");
    git(&top, &["clone", "-q", "--bare", ".", "../p/.bare"]);
    fs::write(project.join(".git"), "gitdir: ./.bare\n").unwrap();
    assert_eq!(found(&project).root, project.join(".bare").to_str().unwrap());
    git(&project, &["worktree", "add", "-q", "main"]);
    found(&project.join("main"));
    git(&project, &["config", "extensions.worktreeConfig", "true"]);
    // With it the common setting is about every working tree, until one has its own.
    assert_eq!(find(&project.join("main")).unwrap().unwrap().root, found(&project).root);
    git(&project.join("main"), &["config", "--worktree", "core.bare", "false"]);
    assert_eq!(found(&project.join("main")).root, project.join("main").to_str().unwrap());
}

#[test]
fn inside_dot_git_the_root_is_the_working_tree() {
    let yard = Yard::new();
    let top = yard.repository("r");
    for dir in ["", "hooks", "refs/heads"] {
        let dir = top.join(".git").join(dir);
        assert_eq!(git(&dir, &["rev-parse", "--is-inside-git-dir"]), "true");
        assert_eq!(find(&dir).unwrap(), as_git_says(&top));
    }
    git(&top, &["config", "core.bare", "true"]);
    assert_eq!(found(&top.join(".git/hooks")).root, top.join(".git").to_str().unwrap());
    assert_eq!(found(&top).root, top.join(".git").to_str().unwrap());
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let yard = Yard::new();
    let (inner, middle, outer) = (yard.repository("i"), yard.repository("m"), yard.repository("o"));
    git(&middle, &["submodule", "add", "-q", inner.to_str().unwrap(), "sub"]);
    git(&middle, &["commit", "-q", "-m", "x"]);
    git(&outer, &["submodule", "add", "-q", middle.to_str().unwrap(), "deep/mid"]);
    git(&outer, &["submodule", "update", "-q", "--init", "--recursive"]);
    let mid = outer.join("deep/mid");
    assert_eq!(found(&mid).root, mid.to_str().unwrap());
    let sub = found(&mid.join("sub"));
    assert_eq!(sub.root, mid.join("sub").to_str().unwrap());
    assert_eq!(sub.remote.as_deref(), inner.to_str());
    found(&outer.join("deep"));
    // Inside the submodule's own directory: `core.worktree`, which git would ask, is ignored.
    let module = outer.join(".git/modules/deep/mid");
    assert_eq!(find(&module).unwrap().unwrap().root, module.to_str().unwrap());
}

#[test]
fn a_link_in_the_place_of_dot_git_is_followed() {
    let yard = Yard::new();
    let top = yard.repository("r");
    symlink(top.join(".git"), yard.dir("d").join(".git")).unwrap();
    assert_eq!(found(&yard.path("d")).root, yard.path("d").to_str().unwrap());
}

#[test]
fn remotes_are_chosen_and_cleaned_as_git_would_fetch() {
    let yard = Yard::new();
    let top = yard.repository("r");
    let remote = || find(&top).unwrap().unwrap().remote;
    git(&top, &["remote", "add", "zulu", "git@example.org:z.git"]);
    assert_eq!(remote().as_deref(), Some("git@example.org:z.git"));
    git(&top, &["remote", "add", "alpha", "https://user:token@example.org/a.git"]);
    assert_eq!(remote().as_deref(), Some("https://example.org/a.git"));
    git(&top, &["config", "branch.main.remote", "zulu"]);
    assert_eq!(remote().as_deref(), Some("git@example.org:z.git"));
    git(&top, &["remote", "add", "origin", "work:o \"#;\\.git"]);
    found(&top);
    git(&top, &["config", "url.https://token@example.org/.insteadOf", "work:"]);
    let fetched = git(&top, &["remote", "get-url", "origin"]);
    assert_eq!(fetched, "https://token@example.org/o \"#;\\.git");
    assert_eq!(remote().as_deref(), Some("https://example.org/o \""));
}
