//! How it ends when the daemon is not as it should be: absent, foreign, silent, garbled.

use std::time::Duration;

use clap::Parser as _;
use trackway_ctl::{Cli, ClientError, Error, Patience, Surroundings, exit};

use crate::fake::{Fake, HELLO, LAUNCH, block, done};

#[test]
fn without_a_daemon_the_error_has_its_cause_and_a_hint() {
    let nobody = Fake::absent();
    let ended = nobody.run(&["status"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (3, ""));
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines[0], "error: trackwayd cannot be reached");
    assert_eq!(lines[1], format!("cause: failed to use {}", nobody.socket().display()));
    assert_eq!(lines[2], "cause: No such file or directory (os error 2)");
    assert_eq!(lines[3], "hint: is the daemon running? try `trackwayctl doctor`");
}

#[test]
fn a_daemon_of_another_protocol_is_told_to_be_restarted() {
    let daemon =
        Fake::new(|talk| talk.say(r#"{"type":"hello","protocol":2,"version":"3.1","x":[]}"#));
    let ended = daemon.run(&["launches"]);
    assert_eq!(ended.code, 4);
    assert!(ended.stderr.starts_with("error: trackwayd 3.1 speaks version 2 of the protocol, "));
    assert!(ended.stderr.contains("restart the service"), "{}", ended.stderr);
}

#[test]
fn whatever_does_not_greet_is_not_asked() {
    for greeting in ["\x1b[2J", "{}", r#"{"type":"done","id":1}"#, &"x".repeat(100_000)] {
        let greeting = greeting.to_owned();
        let ended = Fake::new(move |talk| talk.say(&greeting)).run(&["status"]);
        assert_eq!(ended.code, 3);
        assert!(ended.stderr.starts_with("error: what listens on the socket does not greet like"));
    }
    assert_eq!(Fake::new(|_| {}).run(&["status"]).code, 3);
}

#[test]
fn a_daemon_with_too_many_clients_counts_as_unreachable() {
    let busy = r#"{"type":"failure","code":"busy","message":"too many clients"}"#;
    let ended = Fake::new(move |talk| talk.say(busy)).run(&["status"]);
    assert_eq!(ended.code, 3);
    assert_eq!(ended.stderr, "error: too many clients\nhint: try again in a moment\n");
}

#[test]
fn a_failure_is_told_in_the_daemons_words_made_safe() {
    let daemon = Fake::answering(|_| {
        r#"{"type":"failure","id":1,"code":"not-found","message":"no launch \u001b[1mx"}"#.into()
    });
    let ended = daemon.run(&["show", "x"]);
    assert_eq!(ended.code, 1);
    assert_eq!(
        ended.stderr,
        "error: no launch \\x1b[1mx\nhint: `trackwayctl launches` lists the ids\n"
    );
}

#[test]
fn an_answer_that_ends_early_or_makes_no_sense_is_an_error() {
    for (answer, code) in [
        (format!("{{\"type\":\"rows\",\"id\":1,\"count\":2}}\n{LAUNCH}\n{}", done(1)), 1),
        (block("rows", &["[]"]), 1),
        (done(2), 1),
        ("nonsense".into(), 1),
        (format!("{{\"type\":\"rows\",\"id\":1,\"count\":1}}\n\"{}\"", "x".repeat(5_000_000)), 1),
        (HELLO.into(), 1),
    ] {
        let daemon = Fake::answering(move |_| answer.clone());
        let ended = daemon.run(&["launches"]);
        assert_eq!(ended.code, code, "{ended:?}");
        assert!(ended.stderr.contains("trackwayd's answer cannot be understood"), "{ended:?}");
    }
    let cut = Fake::new(|talk| {
        talk.say(HELLO);
        talk.request();
        talk.send(b"{\"type\":\"rows\",\"id\":1,\"count\":2}\n{\"id\":");
    });
    assert_eq!(cut.run(&["launches"]).code, 3);
}

#[test]
fn what_a_newer_daemon_adds_is_stepped_over() {
    let news = "{\"type\":\"weather\",\"id\":1,\"count\":1}\n{\"sky\":1}\n{\"type\":\"hint\"}\n";
    let daemon = Fake::answering(move |_| format!("{news}{}", block("rows", &[LAUNCH])));
    assert_eq!(daemon.run(&["launches", "--json"]).stdout, format!("{LAUNCH}\n"));
}

/// Runs a command within this process, with little patience.
fn impatient(daemon: &Fake, command: &str) -> Error {
    let short = Duration::from_millis(50);
    let mut around = Surroundings::of_process(&std::io::stdout());
    around.patience = Patience { hello: short, answer: short };
    let socket = daemon.socket();
    let cli = Cli::parse_from(["trackwayctl", command, "--socket", socket.to_str().unwrap()]);
    trackway_ctl::run(&cli, &around, &mut Vec::new(), &mut Vec::new()).unwrap_err()
}

#[test]
fn a_daemon_that_says_nothing_is_not_waited_for() {
    let silent = Fake::new(|talk| drop(talk.request()));
    let mute = Fake::new(|talk| {
        talk.say(HELLO);
        while talk.request().is_some() {}
    });
    for daemon in [&silent, &mute] {
        let error = impatient(daemon, "launches");
        assert!(matches!(error, Error::Client(ClientError::Silent(_))), "{error:?}");
        assert_eq!(error.exit_code(), exit::UNREACHABLE);
    }
}
