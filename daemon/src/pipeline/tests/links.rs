//! Which session was whose work.

use trackway_protocol::record::SessionLinked;

use super::*;
use crate::event::Growth;

pub(super) const CODEX: &str =
    "/h/.codex/packages/app-server-daemon/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
pub(super) const A: &str = "11111111-2222-4333-8444-555555555555";
pub(super) const B: &str = "01980000-0000-7000-8000-000000000001";
/// The process that has a thread's lock open.
const WRITER: u32 = 77;

pub(super) fn written_by(pid: u32) -> Vec<PathBuf> {
    let lock = format!("/h/.codex/thread-writer-locks/{B}.lock");
    if pid == WRITER { vec!["/dev/null".into(), lock.into()] } else { Vec::new() }
}

/// A session's file tells that it began in the usual directory, after everything else.
fn grew(agent: &'static str, session: &str) -> Event {
    grew_since(agent, session, Timestamp::from_ms(moment().at.ms() + 60_000))
}

fn grew_since(agent: &'static str, session: &str, begun: Timestamp) -> Event {
    let last = Timestamp::from_ms(moment().at.ms() + 60_000);
    Event::SessionGrew(Box::new(Growth {
        agent,
        session: session.into(),
        begun: Some(begun),
        cwd: Some("/nowhere/repo".into()),
        first: last,
        last,
    }))
}

/// A home in which claude has written what runs under pid 10.
fn claude_home(entry: &str) -> (tempfile::TempDir, Process) {
    let home = tempfile::tempdir().unwrap();
    let sessions = home.path().join(".claude/sessions");
    std::fs::create_dir_all(&sessions).unwrap();
    std::fs::write(sessions.join("10.json"), entry).unwrap();
    let env = [("HOME", home.path().to_str().unwrap())];
    let agent = process(10, CLAUDE).argv(&["claude"]).env(&env);
    (home, agent)
}

fn entry(pid: u32, start: u64, session: &str) -> String {
    format!(r#"{{"pid":{pid},"procStart":"{start}","sessionId":"{session}","kind":"interactive"}}"#)
}

pub(super) fn claude_s(session: &str) -> [(&str, &str); 2] {
    [("CLAUDE_CODE_CHILD_SESSION", "1"), ("CLAUDE_CODE_SESSION_ID", session)]
}

impl Ledger {
    /// Links as pid of the launch, session and how, in order of pid.
    fn links(&self) -> Vec<(u32, String, String)> {
        let mut links = Vec::new();
        for launch in self.launches() {
            for record in self.reader().records_of(launch.id).unwrap() {
                let record: Record = serde_json::from_slice(&record).unwrap();
                if let Body::SessionLinked(SessionLinked { session, how, .. }) = record.body {
                    links.push((launch.pid.unwrap(), session, how));
                }
            }
        }
        links
    }
}

fn by(how: &str, pid: u32, session: &str) -> (u32, String, String) {
    (pid, session.into(), how.into())
}

fn by_environment(pid: u32, session: &str) -> (u32, String, String) {
    by("environment", pid, session)
}

#[tokio::test]
async fn a_tool_call_names_its_session_once() {
    let ledger = Ledger::new();
    let events = vec![
        process(10, CLAUDE).argv(&["claude"]).exec(),
        process(11, "/usr/bin/bash").below(10).env(&claude_s(A)).exec(),
        process(12, "/usr/bin/bash").below(10).env(&claude_s(A)).exec(),
        process(13, "/usr/bin/bash").below(10).env(&claude_s("no uuid")).exec(),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by_environment(10, A)]);
}

#[tokio::test]
async fn a_nested_agent_is_never_linked_to_the_outer_ones_session() {
    let ledger = Ledger::new();
    let outer = claude_s(A);
    let both = [outer[0], outer[1], ("CODEX_THREAD_ID", B)];
    let events = vec![
        process(10, CLAUDE).argv(&["claude"]).exec(),
        process(11, "/usr/bin/bash").below(10).env(&outer).exec(),
        process(12, CODEX).below(11).env(&outer).argv(&["codex", "exec", "x"]).exec(),
        process(13, "/usr/bin/git").below(12).env(&outer).exec(),
        process(14, "/usr/bin/bash").below(12).env(&both).exec(),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by_environment(10, A), by_environment(12, B)]);
}

#[tokio::test]
async fn sessions_share_a_service() {
    let ledger = Ledger::new();
    let argv = ["codex", "app-server", "--listen", "unix://", "--managed-daemon"];
    let events = vec![
        process(10, CODEX).argv(&argv).exec(),
        process(11, "/usr/bin/bash").below(10).env(&[("CODEX_THREAD_ID", A)]).exec(),
        process(12, "/usr/bin/bash").below(10).env(&[("CODEX_THREAD_ID", B)]).exec(),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by_environment(10, A), by_environment(10, B)]);
}

#[tokio::test]
async fn an_argument_names_the_session_that_is_worked_in() {
    let ledger = Ledger::new();
    let long_ago = Timestamp::from_ms(1);
    let events = vec![
        process(10, CLAUDE).argv(&["claude", "-p", "x", "--resume", A]).exec(),
        process(20, CLAUDE).argv(&["claude", "-p", "x", "--resume", B]).exec(),
        grew_since("claude", A, long_ago),
        grew_since("claude", A, long_ago),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by("argument", 10, A)], "nothing was done in the other one");
}

#[tokio::test]
async fn an_agent_that_executes_itself_again_may_be_told_its_session_then() {
    let ledger = Ledger::new();
    let events = vec![
        process(10, CLAUDE).argv(&["claude"]).exec(),
        process(10, CLAUDE).argv(&["claude", "--resume", A]).exec(),
        grew_since("claude", A, Timestamp::from_ms(1)),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by("argument", 10, A)]);
}

#[tokio::test]
async fn a_fork_is_another_session_than_the_one_that_is_named() {
    let ledger = Ledger::new();
    let events = vec![
        process(10, CLAUDE).argv(&["claude", "--resume", A, "--fork-session"]).exec(),
        grew_since("claude", A, Timestamp::from_ms(1)),
        grew("claude", B),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by("place-and-time", 10, B)]);
}

#[tokio::test]
async fn the_agents_own_list_tells_what_a_process_works_on() {
    let ledger = Ledger::new();
    let (home, agent) = claude_home(&entry(10, 1010, A));
    ledger.run(vec![agent.exec(), grew("claude", A)]).await;
    assert_eq!(ledger.links(), [by("registry", 10, A)]);
    // Another daemon finds the same, and later the session that takes the place of that one.
    ledger.run(vec![swept(&[&agent]), grew("claude", A)]).await;
    std::fs::write(home.path().join(".claude/sessions/10.json"), entry(10, 1010, B)).unwrap();
    ledger.run(vec![swept(&[&agent]), grew("claude", B)]).await;
    assert_eq!(ledger.links(), [by("registry", 10, A), by("registry", 10, B)]);
}

#[tokio::test]
async fn of_a_list_only_the_entry_of_the_very_process_counts() {
    let long_ago = Timestamp::from_ms(1);
    for text in [
        &entry(10, 1011, A)[..],
        &entry(11, 1010, A),
        &entry(10, 1010, "the walrus"),
        &entry(10, 1010, A)[..40],
        "\0\0\0",
        &(entry(10, 1010, A) + &" ".repeat(70_000)),
    ] {
        let ledger = Ledger::new();
        let (_home, agent) = claude_home(text);
        ledger.run(vec![agent.exec(), grew_since("claude", A, long_ago)]).await;
        assert_eq!(ledger.links(), [], "{text:.60}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_is_no_regular_file_is_no_list() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let text = entry(10, 1010, A);
    let make: [fn(&Path, &str); 3] = [
        |path, text| {
            std::fs::write(path.with_extension("real"), text).unwrap();
            std::os::unix::fs::symlink(path.with_extension("real"), path).unwrap();
        },
        |path, _| mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap(),
        |path, _| std::fs::create_dir(path).unwrap(),
    ];
    for make in make {
        let ledger = Ledger::new();
        let (home, agent) = claude_home(&text);
        let path = home.path().join(".claude/sessions/10.json");
        std::fs::remove_file(&path).unwrap();
        make(&path, &text);
        let events = vec![agent.exec(), grew_since("claude", A, Timestamp::from_ms(1))];
        ledger.run(events).await;
        assert_eq!(ledger.links(), []);
    }
}

#[tokio::test]
async fn a_worker_s_session_is_its_supervisor_s() {
    let ledger = Ledger::new();
    let (home, _) = claude_home("");
    let env = [("HOME", home.path().to_str().unwrap())];
    std::fs::write(home.path().join(".claude/sessions/11.json"), entry(11, 1011, A)).unwrap();
    let events = vec![
        process(10, CLAUDE).argv(&["claude", "daemon", "run"]).env(&env).exec(),
        process(11, CLAUDE).below(10).argv(&["claude", "--bg-spare", "/tmp/s"]).env(&env).exec(),
        grew("claude", A),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by("registry", 10, A)]);
}

#[tokio::test]
async fn whoever_has_a_thread_s_lock_open_works_on_it() {
    let ledger = Ledger::new();
    let tui = process(10, CODEX).argv(&["codex"]).exec();
    let exec = process(WRITER, CODEX).argv(&["codex", "exec", "x"]).exec();
    ledger.run(vec![tui, exec, grew("codex", B)]).await;
    assert_eq!(ledger.links(), [by("open-file", WRITER, B)]);
}

#[tokio::test]
async fn of_two_agents_in_one_directory_the_one_that_is_known_better_is_linked() {
    let ledger = Ledger::new();
    let events = vec![
        process(10, CLAUDE).argv(&["claude", "-p", "x"]).exec(),
        process(20, CLAUDE).argv(&["claude", "-p", "x"]).exec(),
        process(21, "/usr/bin/bash").below(20).env(&claude_s(A)).exec(),
        grew("claude", A),
        grew("claude", B),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by_environment(20, A)]);
}

#[tokio::test]
async fn a_session_that_nothing_else_links_is_told_by_place_and_time() {
    let ledger = Ledger::new();
    let events = vec![
        process(10, CLAUDE).argv(&["claude", "-p", "x"]).exec(),
        process(20, CLAUDE).argv(&["claude", "-p", "x"]).cwd("/nowhere").exec(),
        process(30, CLAUDE).argv(&["claude", "mcp", "list"]).exec(),
        process(40, CODEX).argv(&["codex", "exec", "x"]).exec(),
        grew("claude", A),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.links(), [by("place-and-time", 10, A)]);
}
