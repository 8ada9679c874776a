//! What is asked, and what is refused before anything is asked.

use std::process::Command;
use std::sync::mpsc;

use crate::fake::{Fake, block};

#[test]
fn flags_become_the_filter() {
    let (sender, requests) = mpsc::channel();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        block("rows", &[])
    });
    let here = daemon.home.path().canonicalize().unwrap();
    daemon.run(&[
        "launches",
        "--json",
        "--running",
        "--since",
        "2026-11-16",
        "--until",
        "2026-11-23T00:00:00Z",
        "--agent",
        "codex",
        "--dir",
        "a/../b",
        "--repo",
        "github.com/a/b",
        "--launch",
        "3f",
        "--limit",
        "5",
    ]);
    let expected = serde_json::json!({"type": "launches", "id": 1, "filter": {
        "since_ms": 1_794_787_200_000_i64, "until_ms": 1_795_392_000_000_i64, "agent": "codex",
        "repo": "github.com/a/b", "dir": here.join("b"), "launch": "3f",
        "running": true, "limit": 5,
    }});
    assert_eq!(requests.recv().unwrap(), expected);

    daemon.run(&[
        "repos",
        "--json",
        "--mode=headless",
        "--flag",
        "--permission-mode=plan",
        "--endpoint",
        "https://Proxy.example/v1",
        "--how",
        "helper",
    ]);
    let asked = requests.recv().unwrap();
    assert_eq!(asked["type"], "repos");
    assert_eq!(
        asked["filter"],
        serde_json::json!({"mode": "headless", "flag": "--permission-mode=plan",
            "endpoint": "proxy.example", "how": "helper"})
    );

    daemon.run(&["dirs", "--json", "--all", "--dir", "~/src"]);
    let expected = serde_json::json!({"helpers": true, "dir": "/home/ann/src"});
    assert_eq!(requests.recv().unwrap()["filter"], expected);
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2_before_anything_is_asked() {
    let nobody = Fake::absent();
    for args in [
        &["frobnicate"][..],
        &["launches", "--limit", "many"],
        &["show"],
        &["export", "--format", "xml"],
        &["launches", "--session", ""],
        &["gaps", "--how", "command"],
        &["launches", "--dir", ""],
        &["dirs", "--how", "create"],
        &["who"],
        &["who", ""],
        &["who", ".", "--dir", "."],
        &["tail", "--limit", "3"],
    ] {
        assert_eq!(nobody.run(args).code, 2, "{args:?}");
    }
    let ended = nobody.run(&["launches", "--agent", "gemini"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("possible values: claude, codex"), "{ended:?}");
    let ended = nobody.run(&["repos", "--how", "looked"]);
    let ways =
        "possible values: launch, chdir, command, helper, add-dir, read, write, search, trust]";
    assert!(ended.stderr.contains(ways), "{ended:?}");
    let ended = nobody.run(&["gaps", "--since", "soon"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.starts_with("error: 'soon' for --since is no time\nhint: examples: 7d, 36h,")
    );
}

#[test]
fn help_version_and_completions_need_no_daemon() {
    let nobody = Fake::absent();
    assert!(nobody.run(&["--help"]).stdout.contains("Exit codes:"));
    let help = nobody.run(&["help"]);
    assert_eq!((help.code, help.stdout), (0, nobody.run(&["--help"]).stdout));
    assert!(nobody.run(&["help", "gaps"]).stdout.contains("Example: trackwayctl gaps"));
    assert!(nobody.run(&["--version"]).stdout.starts_with("trackwayctl "));
}

#[test]
fn shells_complete_commands_and_the_values_that_are_known() {
    let nobody = Fake::absent();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = nobody.run(&["completions", shell]).stdout;
        assert!(script.contains("who") && script.contains("repos"), "{shell}");
        // PowerShell's and elvish's know no values.
        if ["bash", "zsh", "fish"].contains(&shell) {
            for value in ["add-dir", "codex", "csv"] {
                assert!(script.contains(value), "{shell}: {value}");
            }
        }
    }
}

#[test]
fn bash_takes_the_completions() {
    let nobody = Fake::absent();
    let script = nobody.run(&["completions", "bash"]).stdout;
    let ask = "COMP_WORDS=(trackwayctl dirs --how a); COMP_CWORD=3
        _trackwayctl trackwayctl a --how; echo \"${COMPREPLY[*]}\"";
    let bash = Command::new("bash").args(["-c", &format!("{script}\n{ask}")]).output();
    // Not every system has it.
    let Ok(bash) = bash else { return };
    assert_eq!(String::from_utf8(bash.stdout).unwrap(), "add-dir\n");
}
