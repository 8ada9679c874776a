use std::path::Path;
use std::process::{Command as Program, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as std_mpsc;
use std::time::Instant;

use rusqlite::{Connection, ffi};
use tempfile::TempDir;
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Body, Coverage, Record};

use super::super::append::{Ledger, Load};
use super::super::ingest::Change;
use super::super::tests::support::{id, reopen, started};
use super::super::{Reader, Store, open};
use super::*;

/// A ledger that does as it is told before each attempt.
struct Scripted<F> {
    ledger: Ledger,
    before: F,
}

impl<F> Append for Scripted<F>
where
    F: FnMut(&Connection, &[Record]) -> rusqlite::Result<()> + Send + 'static,
{
    fn append(&mut self, records: &mut [Record], changes: &[Change]) -> rusqlite::Result<u64> {
        (self.before)(self.ledger.connection(), records)?;
        self.ledger.append(records, changes)
    }

    fn seal(&mut self) -> rusqlite::Result<Sealed> {
        self.ledger.seal()
    }

    fn prune(&mut self, plan: &Plan, between: &mut dyn FnMut()) -> rusqlite::Result<(u64, u64)> {
        self.ledger.prune(plan, between)
    }

    fn prepare(&mut self, load: Load) -> rusqlite::Result<()> {
        self.ledger.prepare(load)
    }

    fn close(&mut self) -> rusqlite::Result<()> {
        self.ledger.close()
    }
}

fn scripted<F>(bound: Bound, before: F) -> (TempDir, Reader, Writer)
where
    F: FnMut(&Connection, &[Record]) -> rusqlite::Result<()> + Send + 'static,
{
    let home = tempfile::tempdir().unwrap();
    let store = reopen(home.path());
    let (reader, ledger) =
        (store.reader(), Ledger::new(store.connection, store.tree, store.signer));
    (home, reader, start_bounded(Scripted { ledger, before }, 0, Sealing::default(), bound))
}

fn failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

fn records(reader: &Reader) -> Vec<Record> {
    let page = reader.page(0, u64::MAX, usize::MAX, &Filter::default()).unwrap();
    let lines = page.lines.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// Which launches were started, by number, in the order of the records.
fn numbers(reader: &Reader, among: std::ops::Range<u64>) -> Vec<u64> {
    let number = |record: &Record| among.clone().find(|it| record.body.launch() == Some(id(*it)));
    records(reader).iter().filter_map(number).collect()
}

fn ledger_coverage(reader: &Reader) -> Vec<Coverage> {
    let coverage = |record: Record| match record.body {
        Body::Coverage(coverage) => Some(coverage),
        _ => None,
    };
    records(reader).into_iter().filter_map(coverage).collect()
}

async fn append(writer: &Writer, numbers: std::ops::Range<u64>) {
    for number in numbers {
        writer.append(vec![started(0, number, "claude")]).await.unwrap();
    }
}

async fn until_committed(writer: &Writer, seq: u64) -> u64 {
    *writer.committed().wait_for(|committed| *committed >= seq).await.unwrap()
}

async fn until_healthy(writer: &Writer) {
    writer.health().wait_for(|health| *health == Health::Ok).await.unwrap();
}

async fn until_failing(writer: &Writer, pred: impl Fn(u64, u64) -> bool) -> String {
    let mut health = writer.health();
    let is_so = |health: &Health| match health {
        Health::Failing { waiting, dropped, .. } => pred(*waiting, *dropped),
        Health::Ok => false,
    };
    let Health::Failing { reason, .. } = health.wait_for(is_so).await.unwrap().clone() else {
        unreachable!("the condition asks for it")
    };
    reason
}

#[tokio::test]
async fn what_is_committed_is_in_the_ledger() {
    let (_home, reader, writer) = scripted(Bound::default(), |_, _| Ok(()));
    append(&writer, 0..3).await;
    until_committed(&writer, 3).await;
    assert_eq!(numbers(&reader, 0..3), [0, 1, 2]);
}

#[tokio::test]
async fn the_first_draft_is_written_alone_and_those_that_came_meanwhile_together() {
    let (tell, batches) = std_mpsc::channel();
    let (go, may_go) = std_mpsc::channel();
    let (_home, _reader, writer) = scripted(Bound::default(), move |_, batch| {
        tell.send(batch.len()).unwrap();
        may_go.recv().unwrap();
        Ok(())
    });
    append(&writer, 0..1).await;
    assert_eq!(batches.recv().unwrap(), 1);
    append(&writer, 1..200).await;
    go.send(()).unwrap();
    go.send(()).unwrap();
    until_committed(&writer, 200).await;
    assert_eq!(batches.recv().unwrap(), 199);
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_leaves_a_record() {
    let has_room = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&has_room);
    let (_home, reader, writer) = scripted(Bound::default(), move |connection, _| {
        let pages: i64 = if seen.load(Ordering::SeqCst) { 1 << 30 } else { 60 };
        connection.pragma_update(None, "max_page_count", pages)
    });
    append(&writer, 0..400).await;
    let reason = until_failing(&writer, |waiting, _| waiting > 0).await;
    assert!(reason.contains("full"), "{reason}");
    has_room.store(true, Ordering::SeqCst);
    until_healthy(&writer).await;
    // The launches and the record of the gap.
    until_committed(&writer, 401).await;
    assert_eq!(numbers(&reader, 0..400), (0..400).collect::<Vec<_>>());

    writer.close().await;
    let [gap] = &ledger_coverage(&reader)[..] else { panic!("not one coverage record") };
    assert_eq!((&*gap.source, &*gap.state), ("ledger", "restored"));
    assert_eq!((gap.missed, gap.unit.as_deref()), (Some(0), Some("records")));
    assert!(gap.reason.contains("full") && gap.until >= Some(gap.from));
}

#[tokio::test]
async fn whatever_fails_is_waited_out_told_and_recorded() {
    let reasons = [
        (ffi::SQLITE_FULL, "full"),               // ENOSPC
        (ffi::SQLITE_IOERR_WRITE, "I/O"),         // EDQUOT, EFBIG, EIO, EROFS
        (ffi::SQLITE_IOERR_FSYNC, "I/O"),         // EIO, later than the write
        (ffi::SQLITE_READONLY, "readonly"),       // EROFS, found when a file is opened
        (ffi::SQLITE_CANTOPEN, "unable to open"), // EMFILE
        (ffi::SQLITE_NOMEM, "out of memory"),     // ENOMEM
        (ffi::SQLITE_BUSY, "locked"),
        (ffi::SQLITE_CORRUPT, "malformed"),
    ];
    for (code, told) in reasons {
        let works = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&works);
        let (_home, reader, writer) = scripted(Bound::default(), move |_, _| {
            if seen.load(Ordering::SeqCst) { Ok(()) } else { Err(failure(code)) }
        });
        append(&writer, 0..5).await;
        let reason = until_failing(&writer, |waiting, _| waiting == 5).await;
        assert!(reason.contains(told), "{reason}, and not {told}");
        // The thread answers all the same: the service manager has no reason to end the daemon.
        writer.knock().await.unwrap();
        works.store(true, Ordering::SeqCst);
        until_healthy(&writer).await;
        writer.close().await;
        assert_eq!(numbers(&reader, 0..5).len(), 5, "{told}");
        let [gap] = &ledger_coverage(&reader)[..] else { panic!("{told}: not one record") };
        assert!(gap.missed == Some(0) && gap.reason.contains(told), "{gap:?}");
    }
}

#[tokio::test]
async fn a_database_that_another_program_has_locked_is_written_when_it_lets_go() {
    let (home, reader, writer) = scripted(Bound::default(), |_, _| Ok(()));
    let other = rusqlite::Connection::open(home.path().join("ledger.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    append(&writer, 0..5).await;
    let reason = until_failing(&writer, |waiting, _| waiting == 5).await;
    assert!(reason.contains("locked"), "{reason}");
    other.execute_batch("COMMIT").unwrap();
    until_healthy(&writer).await;
    until_committed(&writer, 6).await;
    assert_eq!(numbers(&reader, 0..5).len(), 5);
}

#[tokio::test]
async fn a_writer_that_hangs_answers_nobody_until_it_goes_on() {
    let (tell, begun) = std_mpsc::channel();
    let (go, may_go) = std_mpsc::channel();
    let (_home, _reader, writer) = scripted(Bound::default(), move |_, _| {
        tell.send(()).unwrap();
        may_go.recv().unwrap();
        Ok(())
    });
    writer.knock().await.unwrap();
    append(&writer, 0..1).await;
    begun.recv().unwrap();
    let mut knock = std::pin::pin!(writer.knock());
    let soon = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(soon, &mut knock).await.is_err(), "it hangs and has answered");
    go.send(()).unwrap();
    knock.await.unwrap();
}

#[tokio::test]
async fn beyond_the_bound_the_newest_are_dropped_and_counted() {
    for bound in [Bound { records: 10, bytes: usize::MAX }, Bound { records: 99, bytes: 2000 }] {
        let works = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&works);
        let (_home, reader, writer) =
            scripted(bound, move |_, _| match seen.load(Ordering::SeqCst) {
                true => Ok(()),
                false => Err(failure(ffi::SQLITE_IOERR)),
            });
        append(&writer, 0..1).await;
        until_failing(&writer, |waiting, _| waiting == 1).await;
        append(&writer, 1..90).await;
        until_failing(&writer, |waiting, dropped| waiting + dropped == 90).await;
        works.store(true, Ordering::SeqCst);
        until_healthy(&writer).await;
        writer.close().await;

        let kept = numbers(&reader, 0..90);
        assert!(!kept.is_empty() && kept.len() <= 20);
        assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
        let [gap] = &ledger_coverage(&reader)[..] else { panic!("not one coverage record") };
        assert_eq!(gap.missed, Some(90 - kept.len() as u64));
    }
}

#[tokio::test]
async fn trouble_ends_though_drafts_never_stop_coming() {
    let mut failures = 2;
    let bound = Bound { records: 10, bytes: usize::MAX };
    let (_home, _reader, writer) = scripted(bound, move |_, _| {
        failures -= 1;
        if failures >= 0 { Err(failure(ffi::SQLITE_FULL)) } else { Ok(()) }
    });
    let committed = writer.committed();
    for number in 0.. {
        append(&writer, number..number + 1).await;
        if *committed.borrow() > 0 {
            break;
        }
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_written_does_not_keep_others_from_it() {
    let poison = [id(17), id(60)].map(Some);
    let (_home, reader, writer) = scripted(Bound::default(), move |_, batch| {
        let is_poisoned = batch.iter().any(|record| poison.contains(&record.body.launch()));
        if is_poisoned { Err(failure(ffi::SQLITE_CONSTRAINT)) } else { Ok(()) }
    });
    let drafts = (0..100).map(|number| started(0, number, "claude")).collect();
    writer.append(drafts).await.unwrap();
    writer.close().await;
    let expected: Vec<u64> = (0..100).filter(|number| ![17, 60].contains(number)).collect();
    assert_eq!(numbers(&reader, 0..100), expected);
    let missed = ledger_coverage(&reader).iter().filter_map(|gap| gap.missed).sum::<u64>();
    assert_eq!(missed, 2);
}

#[tokio::test]
async fn a_record_that_cannot_be_written_is_counted_even_if_it_is_the_last() {
    let (_home, reader, writer) = scripted(Bound::default(), |_, batch| {
        let is_poisoned = batch.iter().any(|record| record.body.launch().is_some());
        if is_poisoned { Err(failure(ffi::SQLITE_CONSTRAINT)) } else { Ok(()) }
    });
    append(&writer, 0..1).await;
    until_committed(&writer, 1).await;
    writer.close().await;
    assert_eq!(ledger_coverage(&reader)[0].missed, Some(1));
}

/// A writer whose ledger takes neither the first launch nor the first `refused` gaps, and tells of each
/// attempt.
fn refusing(mut refused: u32) -> (TempDir, Reader, Writer, std_mpsc::Receiver<usize>) {
    let (tell, attempts) = std_mpsc::channel();
    let (home, reader, writer) = scripted(Bound::default(), move |_, batch| {
        // Not every test wants to know.
        let _ = tell.send(batch.len());
        let is_launch = batch.iter().any(|record| record.body.launch() == Some(id(0)));
        let is_gap = batch.iter().any(|record| matches!(record.body, Body::Coverage(_)));
        let is_refused = is_gap && refused > 0;
        refused -= u32::from(is_refused);
        if is_launch || is_refused { Err(failure(ffi::SQLITE_CONSTRAINT)) } else { Ok(()) }
    });
    (home, reader, writer, attempts)
}

#[tokio::test]
async fn a_loss_that_cannot_be_recorded_is_not_tried_for_ever() {
    let (_home, reader, writer, attempts) = refusing(u32::MAX);
    drop(attempts);
    append(&writer, 0..2).await;
    writer.close().await;
    assert_eq!(numbers(&reader, 0..2), [1]);
}

#[tokio::test]
async fn nobody_waits_for_a_record_that_is_given_up_though_that_cannot_be_recorded() {
    let (home, _reader, writer, attempts) = refusing(u32::MAX);
    drop(attempts);
    let mut kept = Store::kept(home.path(), writer.intake()).unwrap();
    kept.record(started(0, 0, "claude").into_record());
    tokio::task::spawn_blocking(move || kept.settle()).await.unwrap();
    writer.close().await;
}

#[tokio::test]
async fn a_loss_that_could_not_be_recorded_is_told_with_the_next_record() {
    let (_home, reader, writer, attempts) = refusing(1);
    append(&writer, 0..1).await;
    assert_eq!([attempts.recv().unwrap(), attempts.recv().unwrap()], [1, 1]);
    append(&writer, 1..2).await;
    writer.close().await;
    assert_eq!(numbers(&reader, 0..2), [1]);
    let [gap] = &ledger_coverage(&reader)[..] else { panic!("not one coverage record") };
    assert_eq!(gap.missed, Some(2), "the launch, and that it was lost");
}

#[tokio::test]
async fn what_was_read_first_is_durable_when_it_is_called_read() {
    let (go, may_go) = std_mpsc::channel();
    let (home, reader, writer) = scripted(Bound::default(), move |_, _| {
        may_go.recv().unwrap();
        Ok(())
    });
    let mut kept = Store::kept(home.path(), writer.intake()).unwrap();
    kept.record(started(0, 7, "claude").into_record());
    let settled = thread::spawn(move || {
        kept.settle();
        numbers(&reader, 7..8)
    });
    go.send(()).unwrap();
    assert_eq!(settled.join().unwrap(), [7]);
}

#[tokio::test]
async fn what_can_be_read_again_is_written_less_often() {
    let (tell, commits) = std_mpsc::channel();
    let (home, _reader, writer) = scripted(Bound::default(), move |_, batch| {
        tell.send((Instant::now(), batch.len())).unwrap();
        Ok(())
    });
    let mut kept = Store::kept(home.path(), writer.intake()).unwrap();
    let begin = Instant::now();
    kept.record(started(0, 7, "claude").into_record());
    let mut kept = tokio::task::spawn_blocking(move || {
        kept.settle();
        kept
    })
    .await
    .unwrap();
    assert_eq!(commits.recv().unwrap().1, 1);
    kept.record(started(1, 8, "claude").into_record());
    kept.hand_over().unwrap();
    let (second, count) = commits.recv().unwrap();
    assert_eq!(count, 1);
    assert!(second.duration_since(begin) >= PACE_OF_FILES);
}

#[tokio::test]
async fn where_nothing_was_read_nothing_is_waited_for() {
    let (home, _reader, writer) = scripted(Bound::default(), |_, _| Ok(()));
    let mut kept = Store::kept(home.path(), writer.intake()).unwrap();
    let settled = tokio::task::spawn_blocking(move || kept.settle());
    tokio::time::timeout(Duration::from_secs(20), settled).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_tail_is_woken_by_what_is_committed() {
    let (_home, _reader, writer) = scripted(Bound::default(), |_, _| Ok(()));
    let mut committed = writer.committed();
    append(&writer, 0..1).await;
    assert_eq!(*committed.wait_for(|seq| *seq > 0).await.unwrap(), 1);
}

#[tokio::test]
async fn close_writes_what_waits_empties_the_log_and_leaves_other_handles_without_a_writer() {
    let (home, reader, writer) = scripted(Bound::default(), |_, _| Ok(()));
    let other = writer.clone();
    append(&writer, 0..50).await;
    writer.close().await;
    assert!(other.append(vec![]).await.is_err());
    let log = home.path().join("ledger.db-wal");
    assert_eq!(log.metadata().map_or(0, |meta| meta.len()), 0);
    assert_eq!(numbers(&reader, 0..50).len(), 50);
}

#[tokio::test]
async fn close_returns_though_nothing_can_be_written() {
    let (_home, reader, writer) =
        scripted(Bound::default(), |_, _| Err(failure(ffi::SQLITE_READONLY)));
    append(&writer, 0..5).await;
    writer.close().await;
    assert_eq!(records(&reader).len(), 0);
}

#[tokio::test]
async fn what_was_handed_over_is_written_though_every_handle_is_dropped() {
    let (_home, reader, writer) = scripted(Bound::default(), |_, _| Ok(()));
    append(&writer, 0..50).await;
    let mut committed = writer.committed();
    drop(writer);
    // An error says that the thread has ended, which it does only when it has written everything.
    while committed.changed().await.is_ok() {}
    assert_eq!(numbers(&reader, 0..50).len(), 50);
}

#[cfg(unix)]
#[test]
fn a_killed_daemon_loses_nothing_that_was_committed() {
    use std::io::{BufRead as _, BufReader};
    let home = tempfile::tempdir().unwrap();
    let mut child = Program::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::writer::tests::child_that_is_killed", "--nocapture"])
        .env(CHILD, home.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let seqs = lines.filter_map(|line| line.unwrap().strip_prefix("seq ")?.parse::<u64>().ok());
    let committed = seqs.take(5).last().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    let store = open(home.path()).unwrap();
    assert!(store.last_seq >= committed);
    let records = records(&store.reader());
    assert_eq!(records.len() as u64, store.last_seq);
    assert!(records.iter().zip(1..).all(|(record, seq)| record.seq == seq));
}

const CHILD: &str = "TRACKWAY_TEST_CHILD";

/// Not a test but the daemon of the one above, which runs this program once more.
#[tokio::test]
async fn child_that_is_killed() {
    let Some(home) = std::env::var_os(CHILD) else { return };
    let writer = reopen(Path::new(&home)).start(Sealing::default());
    for number in 0.. {
        append(&writer, number * 10..number * 10 + 10).await;
        println!("seq {}", until_committed(&writer, number * 10 + 10).await);
    }
}
