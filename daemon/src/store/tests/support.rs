//! Short ways to say what happened.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use trackway_protocol::ids::{LaunchId, ProcessKey, Timestamp};
use trackway_protocol::log::{Signer, Span};
use trackway_protocol::record::{
    Body, Coverage, DaemonRun, DirTouched, Evidence, Launch, LaunchEnded, Record, Repo,
};

use super::super::append::{Append as _, Ledger};
use super::super::zones::Judge;
use super::super::{Draft, Reader, Store, open, schema};
use crate::zones::Zones;

/// The beginning of a quarter-hour.
pub(in super::super) const T0: i64 = 1_795_435_200_000;

/// A ledger in a directory of its own, written without a thread.
pub(in super::super) struct Fixture {
    pub(in super::super) dir: TempDir,
    pub(in super::super) reader: Reader,
    pub(in super::super) ledger: Ledger,
}

impl Fixture {
    /// Makes a ledger with these records.
    pub(in super::super) fn with(drafts: Vec<Draft>) -> Self {
        Self::judged(Zones::default(), drafts)
    }

    /// Makes a ledger with these records, judged by rules of zones.
    pub(in super::super) fn judged(zones: Zones, drafts: Vec<Draft>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).unwrap();
        let reader = store.reader();
        let ledger = Ledger::new(store.connection, store.tree, store.signer);
        let mut ledger = ledger.judged_by(Judge::new(zones));
        ledger.append(&mut records(drafts), &[]).unwrap();
        Self { dir, reader, ledger }
    }

    /// Adds these records.
    pub(in super::super) fn and(mut self, drafts: Vec<Draft>) -> Self {
        self.ledger.append(&mut records(drafts), &[]).unwrap();
        self
    }

    pub(in super::super) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Makes a ledger of these records that no file holds.
pub(in super::super) fn in_memory(drafts: Vec<Draft>) -> Ledger {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection, Path::new("")).unwrap();
    let mut ledger = Ledger::new(connection, Span::tree(), Signer::from_seed(&[7; 32]));
    ledger.append(&mut records(drafts), &[]).unwrap();
    ledger
}

/// Opens the ledger of `dir`, which must be there or be makeable.
pub(in super::super) fn reopen(dir: &Path) -> Store {
    open(dir).unwrap()
}

/// Turns drafts into records as the writer does.
pub(in super::super) fn records(drafts: Vec<Draft>) -> Vec<Record> {
    drafts.into_iter().map(Draft::into_record).collect()
}

/// Returns launch number `number`.
pub(in super::super) fn id(number: u64) -> LaunchId {
    LaunchId::of(&ProcessKey { boot_id: "boot".into(), pid: 1, start_ticks: number })
}

pub(in super::super) fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(T0 + ms)
}

pub(in super::super) fn draft(ms: i64, body: Body) -> Draft {
    Draft { at: at(ms), evidence: Evidence::Kernel, replaces: None, body }
}

/// A launch of `agent` in `/src/<number>`.
pub(in super::super) fn started(ms: i64, number: u64, agent: &str) -> Draft {
    draft(
        ms,
        Body::LaunchStarted(Box::new(Launch {
            launch: id(number),
            agent: Some(agent.into()),
            cwd: Some(format!("/src/{number}")),
            argv: Some(vec![agent.into(), "-p".into()]),
            ..Launch::default()
        })),
    )
}

pub(in super::super) fn updated(ms: i64, launch: Launch) -> Draft {
    draft(ms, Body::LaunchUpdated(Box::new(launch)))
}

pub(in super::super) fn ended(ms: i64, number: u64, exit_code: Option<i32>) -> Draft {
    draft(
        ms,
        Body::LaunchEnded(LaunchEnded {
            launch: id(number),
            exit_code,
            signal: None,
            unknown: exit_code.is_none(),
            duration_ms: None,
            last_seen: None,
            unread_execs: 0,
        }),
    )
}

pub(in super::super) fn touched(ms: i64, number: u64, dir: &str, how: &str) -> Draft {
    touched_in(ms, number, dir, how, None)
}

pub(in super::super) fn touched_in(
    ms: i64,
    number: u64,
    dir: &str,
    how: &str,
    repo: Option<Repo>,
) -> Draft {
    draft(
        ms,
        Body::DirTouched(DirTouched {
            launch: Some(id(number)),
            session: None,
            agent: None,
            dir: dir.into(),
            dir_b64: None,
            repo,
            repo_unknown: None,
            how: how.into(),
        }),
    )
}

pub(in super::super) fn coverage(
    source: &str,
    state: &str,
    from: i64,
    until: Option<i64>,
) -> Draft {
    draft(
        from,
        Body::Coverage(Coverage {
            source: source.into(),
            state: state.into(),
            from: at(from),
            until: until.map(at),
            reason: "a reason".into(),
            ..Coverage::default()
        }),
    )
}

pub(in super::super) fn daemon_started(ms: i64, boot_id: &str) -> Draft {
    draft(ms, Body::DaemonStarted(DaemonRun { boot_id: boot_id.into(), ..DaemonRun::default() }))
}

pub(in super::super) fn repo(root: &str, remote: Option<&str>) -> Repo {
    Repo { root: root.into(), remote: remote.map(Into::into), ..Repo::default() }
}
