//! What a repository might do to its reader, and what the reader may not be able to read.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn symbolic_references_are_followed_and_not_for_ever() {
    let yard = Yard::new();
    let top = yard.repository("r");
    git(&top, &["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    git(&top, &["symbolic-ref", "HEAD", "refs/heads/alias"]);
    assert_eq!(found(&top).branch.as_deref(), Some("main"));
    fs::write(top.join(".git/refs/heads/main"), "ref: refs/heads/alias\n").unwrap();
    let repo = find(&top).unwrap().unwrap();
    assert_eq!((repo.branch, repo.commit), (None, None));
}

#[test]
fn a_reference_that_leads_out_of_the_repository_is_not_read() {
    let yard = Yard::new();
    let top = yard.repository("r");
    fs::write(yard.path("secret"), "0123456789012345678901234567890123456789\n").unwrap();
    fs::write(top.join(".git/HEAD"), "ref: refs/../../../secret\n").unwrap();
    let repo = find(&top).unwrap().unwrap();
    assert_eq!((repo.branch, repo.commit), (None, None));
}

#[test]
fn a_dot_git_file_may_be_relative_or_absolute_but_not_point_nowhere() {
    let yard = Yard::new();
    let top = yard.repository("r");
    let (dir, dot_git) = (yard.dir("d"), yard.path("d/.git"));
    for target in [top.join(".git").to_str().unwrap(), "../r/.git", "../r/.git\r\n\n"] {
        fs::write(&dot_git, format!("gitdir: {target}\n")).unwrap();
        assert_eq!(found(&dir).root, dir.to_str().unwrap());
    }
    for content in ["gitdir: ../nowhere\n", "gitdir: \n", "gitdir:", "", "x", "gitdir: \0\n"] {
        fs::write(&dot_git, content).unwrap();
        assert_eq!(try_git(&dir, &["rev-parse", "--git-dir"]), None, "{content:?}");
        let error = find(&dir).unwrap_err();
        let expected = format!("{} points to no repository", dot_git.display());
        assert_eq!(error.to_string(), expected, "{content:?}");
    }
}

#[test]
fn a_loop_of_links_is_unknown() {
    let yard = Yard::new();
    let dir = yard.dir("d");
    symlink(dir.join(".git"), dir.join(".git")).unwrap();
    assert!(matches!(find(&dir), Err(RepoError::Unreadable { .. })));
}

#[test]
fn a_repository_does_not_decide_where_its_root_is() {
    let yard = Yard::new();
    let (top, elsewhere) = (yard.repository("r"), yard.dir("elsewhere"));
    git(&top, &["config", "core.worktree", elsewhere.to_str().unwrap()]);
    assert_eq!(find(&top).unwrap().unwrap().root, top.to_str().unwrap());
    assert!(is_none(&elsewhere));
}

#[test]
fn a_pipe_or_device_in_the_place_of_a_file_is_an_error_and_not_a_wait() {
    let yard = Yard::new();
    let top = yard.repository("r");
    let config = top.join(".git/config");
    fs::remove_file(&config).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &config, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(matches!(find(&top), Err(RepoError::NotAFile(path)) if path == config));
    fs::remove_file(&config).unwrap();
    symlink("/dev/zero", &config).unwrap();
    assert!(matches!(find(&top), Err(RepoError::NotAFile(path)) if path == config));
    fs::remove_file(&config).unwrap();
    fs::create_dir(&config).unwrap();
    let text = format!("{} is no regular file", config.display());
    assert_eq!(find(&top).unwrap_err().to_string(), text);
    fs::remove_dir(&config).unwrap();
    assert_eq!(find(&top).unwrap().unwrap().remote, None);
}

#[test]
fn a_file_of_more_than_a_megabyte_is_not_read() {
    let yard = Yard::new();
    let top = yard.repository("r");
    let config = top.join(".git/config");
    fs::write(&config, vec![b'\n'; (1 << 20) + 1]).unwrap();
    assert!(matches!(find(&top), Err(RepoError::TooLarge(path)) if path == config));
}

#[test]
fn what_may_not_be_read_is_unknown() {
    if rustix::process::geteuid().is_root() {
        // Nothing is forbidden to root.
        return;
    }
    let yard = Yard::new();
    let top = yard.repository("r");
    let forbid = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    for path in [top.join(".git/config"), top.join(".git")] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        forbid(&path, 0).unwrap();
        let error = find(&top).unwrap_err().to_string();
        forbid(&path, mode).unwrap();
        assert!(error.contains("cannot be read: Permission denied"), "{error}");
    }
}

#[test]
fn deeper_than_is_looked_is_unknown() {
    let yard = Yard::new();
    yard.repository("r");
    let above = yard.path("").components().count();
    let deep = |levels: usize| yard.dir(&format!("r{}", "/d".repeat(levels)));
    assert!(find(&deep(place::MAX_LEVELS - 1)).unwrap().is_some(), "{above}");
    assert!(matches!(find(&deep(place::MAX_LEVELS)), Err(RepoError::TooDeep)));
}

#[test]
fn included_files_are_not_read() {
    let yard = Yard::new();
    let top = yard.repository("r");
    fs::write(yard.path("more"), "[remote \"origin\"]\nurl = /more\n").unwrap();
    git(&top, &["config", "include.path", yard.path("more").to_str().unwrap()]);
    assert_eq!(git(&top, &["remote", "get-url", "origin"]), "/more");
    assert_eq!(find(&top).unwrap().unwrap().remote, None);
}
