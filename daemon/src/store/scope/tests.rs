//! What is outside leaves no record, and a count.

use trackway_protocol::ids::{LaunchId, ProcessKey};
use trackway_protocol::message::Filter;
use trackway_protocol::record::{DaemonRun, DirTouched, Launch, LaunchEnded, Session};

use super::*;
use crate::config::Loaded;
use crate::store::{self, Draft, Sealing};

fn standing(text: &str) -> watch::Receiver<Standing> {
    let loaded = Loaded::of(None, Some((std::path::Path::new("/c.toml"), text))).unwrap();
    watch::channel(Standing::of(loaded)).1
}

fn draft(body: Body) -> Draft {
    Draft { at: Timestamp::from_ms(5), evidence: Evidence::Kernel, replaces: None, body }
}

fn id(pid: u32) -> LaunchId {
    LaunchId::of(&ProcessKey { boot_id: "boot".into(), pid, start_ticks: 7 })
}

fn launch(pid: u32, cwd: &str) -> Draft {
    let (agent, cwd) = (Some("claude".into()), Some(cwd.into()));
    draft(Body::LaunchStarted(Box::new(Launch {
        launch: id(pid),
        agent,
        cwd,
        ..Launch::default()
    })))
}

fn ended(pid: u32) -> Draft {
    draft(Body::LaunchEnded(LaunchEnded {
        launch: id(pid),
        exit_code: Some(0),
        signal: None,
        unknown: false,
        duration_ms: None,
        last_seen: None,
        unread_execs: 0,
    }))
}

fn touched(pid: u32, dir: &str) -> Draft {
    draft(Body::DirTouched(DirTouched {
        launch: Some(id(pid)),
        session: None,
        agent: None,
        dir: dir.into(),
        dir_b64: None,
        repo: None,
        repo_unknown: None,
        how: "chdir".into(),
    }))
}

fn session(id: &str, cwd: &str) -> Draft {
    let (session, agent, cwd) = (id.into(), "codex".into(), Some(cwd.into()));
    draft(Body::SessionStarted(Box::new(Session { session, agent, cwd, ..Session::default() })))
}

/// Something about a session that has no place of its own.
fn updated(id: &str) -> Draft {
    let (session, agent, model) = (id.into(), "codex".into(), Some("m".into()));
    draft(Body::SessionUpdated(Box::new(Session { session, agent, model, ..Session::default() })))
}

/// Writes with a daemon of its own; returns the ledger.
fn write(dir: &std::path::Path, scope: &str, drafts: Vec<Draft>) -> Vec<Record> {
    let store = store::open(dir).unwrap().within(standing(scope));
    let (reader, writer) = (store.reader(), store.start(Sealing::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for draft in drafts {
            writer.append(vec![draft]).await.unwrap();
        }
        writer.close().await;
    });
    let page = reader.page(0, u64::MAX, usize::MAX, &Filter::default()).unwrap();
    let lines = page.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

fn kinds(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.body.kind()).collect()
}

const SCOPE: &str = "[scope]\ninclude = [\"/w/**\"]\nexclude = [\"/w/own\"]\n";

#[test]
fn what_lies_outside_is_counted_and_not_kept_nor_what_follows_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let records = write(
        dir.path(),
        SCOPE,
        vec![launch(1, "/w/a"), launch(2, "/x"), session("s", "/w/own/b"), updated("s"), ended(2)],
    );
    assert_eq!(kinds(&records), ["launch.started"]);
    // A later daemon knows it too; and a place inside is one, whoever comes there.
    let stopped = draft(Body::DaemonStopped(DaemonRun::default()));
    let drafts =
        vec![updated("s"), touched(2, "/w/a"), touched(1, "/x"), ended(1), ended(2), stopped];
    let records = write(dir.path(), SCOPE, drafts);
    let all = ["launch.started", "dir.touched", "launch.ended", "coverage", "daemon.stopped"];
    assert_eq!(kinds(&records), all);
    let Body::Coverage(coverage) = &records[3].body else { panic!("{records:#?}") };
    assert_eq!((&*coverage.source, coverage.missed), ("scope", Some(7)));
    let text = format!("{records:?}");
    assert!(!text.contains("/x") && !text.contains("/own"), "{text}");
}

#[test]
fn without_a_scope_everything_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let records = write(dir.path(), "", vec![launch(1, "/x"), session("s", "/y"), updated("s")]);
    assert_eq!(kinds(&records), ["launch.started", "session.started", "session.updated"]);
}
