//! The daemon's program itself: what it says before it runs, and when it cannot.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn trackwayd(home: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trackwayd"))
        .args(args)
        .env_clear()
        .env("HOME", home)
        .env("TRACKWAY_STATE_DIR", home.join("state"))
        .env("TRACKWAY_CONFIG", home.join("config.toml"))
        .output()
        .expect("cargo has built it")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn it_says_its_version() {
    let home = TempDir::new().unwrap();
    let output = trackwayd(home.path(), &["--version"]);
    assert!(output.status.success());
    let version = concat!("trackwayd ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), version);
}

#[test]
fn each_command_that_people_use_has_a_manual_page() {
    let home = TempDir::new().unwrap();
    let pages = home.path().join("man1");
    let args = ["man", pages.to_str().unwrap()];
    let output = trackwayd(home.path(), &args);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("man1"), "{}", said(&output));
    std::fs::create_dir(&pages).unwrap();
    assert!(trackwayd(home.path(), &args).status.success());
    let names = std::fs::read_dir(&pages).unwrap().map(|page| page.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    let expected = [
        "trackwayd-check-config.1",
        "trackwayd-rebuild.1",
        "trackwayd-run.1",
        "trackwayd-verify.1",
        "trackwayd.1",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_configuration_that_is_not_valid_is_refused_with_file_line_and_reason() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("config.toml"), "[launches]\nteir = \"auto\"\n").unwrap();
    let output = trackwayd(home.path(), &["run"]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("config.toml") && said.contains("line 2"), "{said}");
    assert!(said.contains("teir"), "{said}");
}

#[test]
fn a_file_that_is_no_ledger_is_refused_and_left_as_it_is() {
    let home = TempDir::new().unwrap();
    let state = home.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let garbage = vec![b'x'; 8192];
    std::fs::write(state.join("ledger.db"), &garbage).unwrap();
    // A daemon that starts sets it aside; whoever has asked for it by name is told.
    let output = trackwayd(home.path(), &["rebuild"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("ledger.db"), "{}", said(&output));
    let output = trackwayd(home.path(), &["verify"]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(output.stdout.starts_with(b"corrupt: "), "{}", said(&output));
    assert_eq!(std::fs::read(state.join("ledger.db")).unwrap(), garbage);
}

#[test]
fn a_socket_path_that_is_too_long_is_refused_by_name() {
    let home = TempDir::new().unwrap();
    let socket = home.path().join("x".repeat(200));
    let output = trackwayd(home.path(), &["run", "--socket", socket.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("socket"), "{}", said(&output));
}

#[test]
fn an_empty_ledger_can_be_rebuilt() {
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join("state")).unwrap();
    let output = trackwayd(home.path(), &["rebuild"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "projected 0 records\n");
}

#[test]
fn a_configuration_is_checked_without_a_daemon() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("new.toml");
    let check = || {
        let none = home.path().join("none");
        let args =
            ["check-config", file.to_str().unwrap(), "--managed-dir", none.to_str().unwrap()];
        trackwayd(home.path(), &args)
    };
    let output = check();
    assert_eq!(output.status.code(), Some(1), "it is not there");
    std::fs::write(&file, "\n[ledger]\nkep = \"1y\"\n").unwrap();
    let output = check();
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("line 3") && said.contains("did you mean `keep`?"), "{said}");
    std::fs::write(&file, "[ledger]\nkeep = \"1y\"\n").unwrap();
    let output = check();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("new.toml can be used\n"));
}
