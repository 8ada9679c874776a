//! Against what git makes of the same files.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::*;

/// A home directory with a repository in it.
struct Home {
    temp: TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { temp: tempfile::tempdir().unwrap() };
        home.git(&["init", "-q", "work/r"]);
        home.git(&["-C", "work/r", "remote", "add", "origin", "ex:r"]);
        home
    }

    fn path(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn settings(&self) -> Settings {
        Settings::of(&[], Some(self.path()), None)
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(self.path())
            .args(args)
            .output()
            .expect("the tests need git");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Returns the remote's URL, on which we and git agree.
    fn remote(&self) -> String {
        let remote = self.remote_by(&self.settings());
        assert_eq!(remote, self.git(&["-C", "work/r", "remote", "get-url", "origin"]));
        remote
    }

    fn remote_by(&self, settings: &Settings) -> String {
        super::super::find(&self.path().join("work/r"), settings).unwrap().unwrap().remote.unwrap()
    }
}

fn instead_of(base: &str) -> String {
    format!("[url \"{base}\"]\ninsteadOf = ex:\n")
}

#[test]
fn a_rewrite_counts_wherever_the_user_has_it() {
    let home = Home::new();
    assert_eq!(home.remote(), "ex:r");
    home.write(".gitconfig", &instead_of("/home/"));
    assert_eq!(home.remote(), "/home/r");
    // Of two for the same beginning the first counts, and this file goes before the other.
    home.write(".config/git/config", &instead_of("/xdg/"));
    assert_eq!(home.remote(), "/xdg/r");
    home.git(&["-C", "work/r", "config", "url./own/.insteadOf", "ex:"]);
    assert_eq!(home.remote(), "/xdg/r");
    home.git(&["-C", "work/r", "config", "url./longer/.insteadOf", "ex:r"]);
    assert_eq!(home.remote(), "/longer/");
}

#[test]
fn included_files_count_where_they_are_included() {
    let home = Home::new();
    home.write(".gitconfig", "[include]\npath = more/a\n[include]\npath = ~/more/none\n");
    home.write("more/a", "[include]\npath = b\n");
    home.write("more/b", &instead_of("/b/"));
    assert_eq!(home.remote(), "/b/r");
    home.write("more/a", &format!("{}[include]\npath = b\n", instead_of("/a/")));
    assert_eq!(home.remote(), "/a/r");
}

#[test]
fn a_file_for_some_directories_counts_there_alone() {
    let home = Home::new();
    home.write("at-work", &instead_of("/work/"));
    let absolute = home.path().join("work/").display().to_string();
    for (condition, expected) in [
        ("gitdir:~/work/", "/work/r"),
        ("gitdir:~/work/r/", "/work/r"),
        ("gitdir:~/work/r/.git", "/work/r"),
        ("gitdir:./work/", "/work/r"),
        (absolute.replacen('/', "gitdir:/", 1).as_str(), "/work/r"),
        ("gitdir:work/", "/work/r"),
        ("gitdir:r/.git", "/work/r"),
        ("gitdir:~/wor/", "ex:r"),
        ("gitdir:ork/", "ex:r"),
        ("gitdir:work", "ex:r"),
        ("gitdir:~/work", "ex:r"),
        ("gitdir:~/work/r/.git/", "ex:r"),
        ("gitdir:~/play/", "ex:r"),
        ("onbranch:none", "ex:r"),
    ] {
        home.write(".gitconfig", &format!("[includeIf \"{condition}\"]\npath = at-work\n"));
        assert_eq!(home.remote(), expected, "{condition}");
    }
}

#[test]
fn files_that_include_each_other_end() {
    let home = Home::new();
    let both = "[include]\npath = a\n[include]\npath = b\n";
    home.write("a", both);
    home.write("b", both);
    home.write(".gitconfig", &format!("{both}{}", instead_of("/x/")));
    let settings = home.settings();
    assert_eq!(home.remote_by(&settings), "/x/r");
    assert_eq!(settings.known().read.len(), MAX_FILES);
}

#[test]
fn files_are_read_again_only_where_one_changed() {
    let home = Home::new();
    home.write(".gitconfig", "[include]\npath = more\n");
    let settings = home.settings();
    let first = settings.known();
    assert!(Arc::ptr_eq(&first, &settings.known()));
    home.write("more", &instead_of("/more/"));
    assert_eq!(home.remote_by(&settings), "/more/r");
    let second = settings.known();
    home.write("more", &instead_of("/other/"));
    assert_eq!(home.remote_by(&settings), "/other/r");
    assert!(!Arc::ptr_eq(&second, &settings.known()));
    fs::remove_file(home.path().join("more")).unwrap();
    assert_eq!(home.remote_by(&settings), "ex:r");
}

#[test]
fn a_file_that_cannot_be_read_leaves_the_others() {
    let home = Home::new();
    fs::create_dir(home.path().join(".gitconfig")).unwrap();
    home.write(".config/git/config", &instead_of("/xdg/"));
    assert_eq!(home.remote_by(&home.settings()), "/xdg/r");
}

#[test]
fn nothing_else_is_kept_of_them() {
    let home = Home::new();
    home.write(
        ".gitconfig",
        "[user]\nemail = a@b\n[remote \"origin\"]\nurl = /x\n[core]\nbare = true\n",
    );
    let settings = home.settings();
    assert!(settings.known().rewrites.is_empty());
    assert_eq!(home.remote_by(&settings), "ex:r");
}

#[test]
fn a_token_in_a_rewrite_is_not_shown() {
    let home = Home::new();
    home.write(".gitconfig", &instead_of("https://token@example.org/"));
    assert_eq!(home.remote_by(&home.settings()), "https://example.org/r");
}
