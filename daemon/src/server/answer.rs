//! From a request to its answer.
//!
//! Small answers and pages are made, sent and forgotten. Whole lists need a seat ([`super::seats`]).

use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::{Answer, FailureCode, Filter, Request};
use trackway_protocol::row::{Backfill, Paths, ScopeStatus, Status, ZonesStatus};
use trackway_report::prices::PriceList;

use super::blocks::{self};
use super::connection::{Client, Gone};
use super::seats::Seat;
use super::{Desk, Sight, doctor, evidence, pause, report, scope, stream, zones};
use crate::config::Scope;
use crate::store::{Condition, Counts, Found, Health, LookupError, Reader, Sealed, Shown, Wanted};

/// How long a whole list may take to be sent.
const WHOLE: Duration = Duration::from_secs(60);

/// Why a query has no answer.
pub(super) struct Refusal {
    pub(super) code: FailureCode,
    pub(super) message: String,
}

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { code: FailureCode::Storage, message }
    }
}

/// A whole answer, ready to be sent.
pub(super) struct Whole {
    pub(super) blocks: Vec<Vec<u8>>,
    /// How many rows the filter's limit left out.
    pub(super) more: Option<u64>,
}

/// Answers one request.
pub(super) async fn answer(client: &mut Client, desk: &Desk, request: Request) -> Result<(), Gone> {
    let id = request.id();
    if let Some(refusal) = scope::refusal(&request) {
        return client.fail(Some(id), FailureCode::BadRequest, &refusal).await;
    }
    // As it was before the question was asked: what is read meanwhile may be in the answer.
    let reading = reading(&desk.sight);
    match request {
        Request::Status { .. } => {
            let ask = |reader: &Reader| {
                let asked = (reader.counts()?, reader.condition(), reader.open_entries()?);
                Ok((asked, reader.left_out()?))
            };
            let status = query(desk, ask).await.map(|asked| vec![status(&desk.sight, asked)]);
            small(client, id, status.map(|status| blocks::rows(id, status))).await
        }
        Request::Doctor { .. } => {
            let now = Timestamp::now();
            let gaps = query(desk, move |reader| Ok(reader.gaps(&doctor::last_day(now))?)).await;
            let gaps = gaps.ok().map(|found| found.rows);
            let condition = query(desk, |reader| Ok(reader.condition())).await;
            let checks = |condition| doctor::checks(&desk.sight, &condition, gaps.as_deref(), now);
            let checks = condition.map(checks);
            small(client, id, checks.map(|checks| blocks::rows(id, checks))).await
        }
        Request::Launches { filter, .. } => {
            let ask = move |reader: &Reader| Ok(rows(id, reader.launches(&filter)?));
            whole(client, desk, id, None, ask).await
        }
        Request::Dirs { filter, .. } => {
            let ask = move |reader: &Reader| Ok(rows(id, reader.dirs(&filter)?));
            whole(client, desk, id, reading, ask).await
        }
        Request::Repos { filter, .. } => {
            let ask = move |reader: &Reader| Ok(rows(id, reader.repos(&filter)?));
            whole(client, desk, id, reading, ask).await
        }
        Request::Who { filter, .. } => {
            let ask = move |reader: &Reader| Ok(rows(id, reader.who(&filter)?));
            whole(client, desk, id, reading, ask).await
        }
        Request::Sessions { filter, .. } => {
            let reporter = desk.sight.reporter.clone();
            let ask = move |reader: &Reader| {
                Ok(rows(id, reader.sessions(&filter, reporter.prices().as_ref())?))
            };
            whole(client, desk, id, reading, ask).await
        }
        Request::Files { filter, .. } => {
            let ask = move |reader: &Reader| Ok(rows(id, reader.files(&filter)?));
            whole(client, desk, id, reading, ask).await
        }
        Request::Gaps { filter, .. } => {
            let ask = move |reader: &Reader| Ok(rows(id, reader.gaps(&filter)?));
            whole(client, desk, id, None, ask).await
        }
        Request::Config { filter, .. } => {
            let ask = move |reader: &Reader| Ok(rows(id, reader.config(&filter)?));
            whole(client, desk, id, reading, ask).await
        }
        Request::Settings { filter, at_ms, .. } => {
            whole(client, desk, id, reading, move |reader| settings(reader, id, &filter, at_ms))
                .await
        }
        Request::Findings { filter, .. } => {
            let ask = move |reader: &Reader| Ok(rows(id, reader.findings(&filter)?));
            whole(client, desk, id, None, ask).await
        }
        Request::AllFindings { filter, .. } => {
            let copies = evidence::finding(&desk.sight, &filter);
            let rules = zones::findings(&desk.sight, &filter);
            let ask = move |reader: &Reader| {
                let mut found = reader.all_findings(&filter)?;
                found.rows.splice(0..0, rules.into_iter().chain(copies));
                Ok(rows(id, found))
            };
            whole(client, desk, id, reading, ask).await
        }
        Request::Time { filter, .. } => {
            let ask = move |reader: &Reader| Ok(reader.time(&filter, Timestamp::now())?);
            let rows = query(desk, ask).await;
            small(client, id, rows.map(|rows| blocks::rows(id, rows))).await
        }
        Request::Report { filter, week, time_zone, .. } => {
            match report::subject(filter, week, time_zone) {
                Ok(subject) => {
                    let reporter = desk.sight.reporter.clone();
                    let ask = move |reader: &Reader| {
                        let report = reporter.report(reader, &subject, Timestamp::now())?;
                        Ok(all(id, vec![report]))
                    };
                    whole(client, desk, id, reading, ask).await
                }
                Err(refusal) => refuse(client, id, &refusal).await,
            }
        }
        Request::Absence { filter, .. } => {
            let reporter = desk.sight.reporter.clone();
            let place = filter.repo.clone().or_else(|| filter.dir.clone());
            let asked = zones::asked(place.into_iter().collect()).await.pop();
            let ask = move |reader: &Reader| {
                let asked = (&filter, asked.as_ref());
                let absence = reporter.absence(reader, asked, Timestamp::now())?;
                Ok(all(id, vec![absence]))
            };
            whole(client, desk, id, reading, ask).await
        }
        Request::Zones { .. } => {
            let in_force = desk.sight.zones.in_force();
            let ask = move |reader: &Reader| Ok(all(id, reader.zones(&in_force)?));
            whole(client, desk, id, reading, ask).await
        }
        Request::ZoneEntries { filter, zone, open, .. } => {
            let wanted = Wanted { zone, open, numbers: None };
            let ask = move |reader: &Reader| Ok(rows(id, reader.entries(&filter, &wanted)?));
            whole(client, desk, id, reading, ask).await
        }
        Request::ZoneExplain { place, agent, .. } => {
            let rows = zones::explain(&desk.sight, place, agent.as_deref()).await;
            small(client, id, rows.map(|rows| blocks::rows(id, rows))).await
        }
        Request::ZoneCheck { places, filter, .. } => {
            let asked = zones::asked(places).await;
            let (in_force, files) = (desk.sight.zones.in_force(), desk.sight.zones.files());
            let is_read = reading.is_none();
            let ask = move |reader: &Reader| {
                let checked = reader.check(&in_force, (&asked, &filter), Timestamp::now())?;
                Ok(zones::checked(id, checked, &files, is_read))
            };
            whole(client, desk, id, reading, ask).await
        }
        Request::ZoneAck { entries, note, .. } => {
            zones::acknowledge(client, desk, id, (entries, note)).await
        }
        Request::Show { of, .. } => {
            let reporter = desk.sight.reporter.clone();
            let ask = move |reader: &Reader| show(reader, id, &of, reporter.prices().as_ref());
            whole(client, desk, id, reading, ask).await
        }
        Request::Tail { after, filter, .. } => {
            let after = after.unwrap_or(*desk.sight.committed.borrow());
            Err(stream::tail(client, desk, id, after, filter).await)
        }
        Request::Export { after, filter, proof: false, .. } => {
            stream::export(client, desk, id, after.unwrap_or(0), filter).await
        }
        Request::Export { after, filter, proof: true, .. } => {
            stream::export_proven(client, desk, id, (filter, after.unwrap_or(0))).await
        }
        Request::Verify { checkpoints, key, .. } => {
            evidence::verify(client, desk, id, (checkpoints, key)).await
        }
        Request::Pause { until_ms, .. } => {
            pause::begin(client, desk, id, Timestamp::from_ms(until_ms)).await
        }
        Request::Resume { .. } => pause::end(client, desk, id).await,
        Request::Checkpoint { .. } => evidence::checkpoint(client, desk, id).await,
        Request::Prune { before_ms, repo, dry_run, .. } => {
            evidence::prune(client, desk, id, (before_ms, repo, dry_run)).await
        }
    }
}

/// Asks the ledger.
pub(super) async fn query<T: Send + 'static>(
    desk: &Desk,
    ask: impl FnOnce(&Reader) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let lost = || Refusal {
        code: FailureCode::Storage,
        message: "the query failed: the daemon's log says how".to_owned(),
    };
    desk.queries.ask(ask).await.unwrap_or_else(|| Err(lost()))
}

/// Sends an answer that has one block.
pub(super) async fn small(
    client: &mut Client,
    id: u64,
    found: Result<Vec<Vec<u8>>, Refusal>,
) -> Result<(), Gone> {
    match found {
        Ok(blocks) => {
            client.write(&blocks.concat()).await?;
            client.say(&done(id, None)).await
        }
        Err(refusal) => refuse(client, id, &refusal).await,
    }
}

/// Sends an answer that is held as a whole, with the `backfill` that it may lack.
async fn whole(
    client: &mut Client,
    desk: &Desk,
    id: u64,
    backfill: Option<Backfill>,
    ask: impl FnOnce(&Reader) -> Result<Whole, Refusal> + Send + 'static,
) -> Result<(), Gone> {
    let Some(seat) = desk.seats.take().await else {
        let message = "too many answers wait for their readers: try again later";
        return client.fail(Some(id), FailureCode::Busy, message).await;
    };
    match query(desk, ask).await {
        Ok(Whole { blocks, more }) => {
            let sent = timeout(WHOLE, hand_over(client, blocks, seat)).await;
            sent.map_err(|_| Gone::Slow)??;
            client.say(&Answer::Done { id, seq: None, more, backfill }).await
        }
        Err(refusal) => {
            drop(seat);
            refuse(client, id, &refusal).await
        }
    }
}

/// Sends blocks, and lets go of each when it is sent.
async fn hand_over(client: &mut Client, blocks: Vec<Vec<u8>>, seat: Seat) -> Result<(), Gone> {
    let mut blocks = blocks.into_iter();
    let last = blocks.next_back();
    for block in blocks {
        tokio::select! {
            biased;
            written = client.write(&block) => written?,
            () = seat.is_due() => return Err(Gone::Slow),
        }
    }
    // One block is what any client may hold.
    drop(seat);
    client.write(&last.unwrap_or_default()).await
}

pub(super) fn done(id: u64, seq: Option<u64>) -> Answer {
    Answer::Done { id, seq, more: None, backfill: None }
}

pub(super) async fn refuse(client: &mut Client, id: u64, refusal: &Refusal) -> Result<(), Gone> {
    client.fail(Some(id), refusal.code, &refusal.message).await
}

/// Returns an answer of which no limit left anything out.
fn all<T: Serialize>(id: u64, rows: Vec<T>) -> Whole {
    Whole { blocks: blocks::rows(id, rows), more: None }
}

fn rows<T: Serialize>(id: u64, found: Found<T>) -> Whole {
    Whole { blocks: blocks::rows(id, found.rows), more: found.more }
}

fn settings(
    reader: &Reader,
    id: u64,
    filter: &Filter,
    at_ms: Option<i64>,
) -> Result<Whole, Refusal> {
    let of = filter.session.as_ref().or(filter.launch.as_ref()).cloned().unwrap_or_default();
    let rows = reader.settings(filter, at_ms.map(Timestamp::from_ms));
    let rows = rows.map_err(|error| not_one(&of, error))?;
    Ok(Whole { blocks: blocks::rows(id, rows), more: None })
}

fn show(reader: &Reader, id: u64, of: &str, prices: Option<&PriceList>) -> Result<Whole, Refusal> {
    let (mut blocks, records) = match reader.find(of, prices).map_err(|error| not_one(of, error))? {
        Shown::Launch(row) => {
            let records = reader.records_of(row.id)?;
            (blocks::rows(id, vec![row]), records)
        }
        Shown::Session(row) => {
            let records = reader.records_of_session(&row.id)?;
            let launches = reader.launches_of(&row)?;
            let mut blocks = blocks::rows(id, vec![row]);
            blocks.extend(blocks::rows(id, launches));
            (blocks, records)
        }
    };
    blocks.extend(blocks::records(id, records));
    Ok(Whole { blocks, more: None })
}

fn not_one(of: &str, error: LookupError) -> Refusal {
    match error {
        LookupError::NotFound => Refusal {
            code: FailureCode::NotFound,
            message: format!("no launch or session has an id that begins with {of:?}"),
        },
        LookupError::Ambiguous(ids) => {
            let message = format!(
                "more than one launch or session has an id that begins with {of:?}: {}",
                ids.join(", ")
            );
            Refusal { code: FailureCode::Ambiguous, message }
        }
        LookupError::Store(error) => Refusal::from(error),
    }
}

/// Returns how far the reading of older session files is.
fn backfill(sight: &Sight) -> Backfill {
    let backfill = sight.snapshot.borrow().backfill.clone();
    // It begins with the daemon.
    backfill.unwrap_or_else(|| Backfill { state: "running".into(), done_bytes: 0, total_bytes: 0 })
}

/// The same, unless it is done.
fn reading(sight: &Sight) -> Option<Backfill> {
    Some(backfill(sight)).filter(|backfill| backfill.state != "done")
}

fn scope_status(scope: &Scope, left_out: u64) -> Option<ScopeStatus> {
    let (include, exclude) = (scope.included.clone(), scope.excluded.clone());
    let is_told = !scope.is_all() || left_out > 0;
    is_told.then_some(ScopeStatus { include, exclude, left_out })
}

fn status(
    sight: &Sight,
    ((counts, condition, entries), left_out): ((Counts, Condition, ZonesStatus), u64),
) -> Status {
    let snapshot = sight.snapshot.borrow().clone();
    let ledger_notes = doctor::ledger(&sight.health.borrow(), &condition);
    let ledger_notes = ledger_notes.into_iter().filter(|check| check.state != "ok");
    let recording = matches!(*sight.health.borrow(), Health::Ok)
        && snapshot.paused_until.is_none()
        && snapshot.sources.first().is_some_and(|source| source.state != "lost");
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    Status {
        version: env!("CARGO_PKG_VERSION").into(),
        pid: std::process::id(),
        started_at: sight.started_at,
        recording,
        sources: snapshot.sources,
        ledger: counts.ledger,
        backfill: backfill(sight),
        running: snapshot.running,
        launches: counts.launches,
        paths: Paths {
            state_dir: text(&sight.places.state_dir),
            config: text(&sight.places.config),
            socket: text(&sight.places.socket),
        },
        agents: snapshot.agents,
        sealed: sight.writer.sealed().borrow().as_ref().map(Sealed::status),
        ledger_notes: ledger_notes.map(|check| check.found).collect(),
        zones: Some(ZonesStatus { files: sight.zones.files(), ..entries }),
        managed: sight.configured.borrow().loaded.managed.clone(),
        config_notes: sight.configured.borrow().notes(),
        paused_until: snapshot.paused_until,
        paused_since: snapshot.paused_since,
        scope: scope_status(&sight.configured.borrow().config().scope, left_out),
        reports: Some(sight.reports.borrow().clone()),
    }
}
