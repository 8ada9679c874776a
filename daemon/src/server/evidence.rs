//! Sealing, verifying and pruning, when a client asks for it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};
use trackway_protocol::codec;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::log::{Note, Verification, VerifierKey};
use trackway_protocol::message::{Answer, FailureCode, Filter};
use trackway_protocol::record::Risk;
use trackway_protocol::row::{AnyFinding, CheckpointRow, PruneRow};

use super::answer::{Refusal, done, query, refuse, small};
use super::connection::{Client, Gone};
use super::{Desk, Sight, blocks};
use crate::source::changes::keep_back;
use crate::store::{Question, Sealed, StoreError, What};

/// How often a client that waits is told that the work goes on.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns the finding that checkpoints cannot be copied, where that is so and asked for.
pub(super) fn finding(sight: &Sight, filter: &Filter) -> Option<AnyFinding> {
    let Filter { agent, repo, dir, launch, session, risk, .. } = filter;
    let is_elsewhere = [agent, repo, dir, launch, session].into_iter().any(Option::is_some);
    let copies = sight.copies.borrow().clone()?;
    let (since, why) = copies.trouble(Timestamp::now())?;
    let is_wanted = !is_elsewhere && risk.is_none_or(|least| least <= Risk::Medium);
    is_wanted.then(|| AnyFinding {
        code: "checkpoint-not-copied".into(),
        risk: Risk::Medium,
        agent: "trackway".into(),
        at: None,
        since,
        launch: None,
        session: None,
        dir: None,
        path: Some(copies.place.to_string_lossy().into_owned()),
        key: None,
        value: None,
        why: format!("No checkpoint can be copied to the place that is told to the daemon: {why}."),
        fix: "make the place of checkpoint.copy-to writable, or name another one".into(),
    })
}

/// Seals everything and answers with the checkpoint.
pub(super) async fn checkpoint(client: &mut Client, desk: &Desk, id: u64) -> Result<(), Gone> {
    let row = match desk.sight.writer.seal().await {
        Ok(sealed) => row(&sealed, &desk.sight.key).ok_or_else(|| refusal("it cannot be read")),
        Err(why) => Err(refusal(&why)),
    };
    small(client, id, row.map(|row| blocks::rows(id, vec![row]))).await
}

fn row(sealed: &Sealed, key: &VerifierKey) -> Option<CheckpointRow> {
    let checkpoint = sealed.checkpoint()?;
    Some(CheckpointRow {
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root.to_string(),
        at: sealed.at,
        note: sealed.note.clone(),
        key: key.to_string(),
    })
}

fn refusal(why: &str) -> Refusal {
    let message = format!("the ledger cannot be written now: {why}");
    Refusal { code: FailureCode::Storage, message }
}

/// Verifies the ledger, one client after the other, behind everybody else.
pub(super) async fn verify(
    client: &mut Client,
    desk: &Desk,
    id: u64,
    (checkpoints, key): (Vec<String>, Option<String>),
) -> Result<(), Gone> {
    let question = match question(&checkpoints, key.as_deref(), &desk.sight.key) {
        Ok(question) => question,
        Err(why) => return client.fail(Some(id), FailureCode::BadRequest, &why).await,
    };
    let Ok(turn) = Arc::clone(&desk.verifying).try_lock_owned() else {
        let message = "the ledger is being verified for somebody else: try again later";
        return client.fail(Some(id), FailureCode::Busy, message).await;
    };
    let (reply, verified) = oneshot::channel::<Result<Verification, StoreError>>();
    let reader = desk.sight.reader.clone();
    thread::spawn(move || {
        keep_back();
        // Who no longer waits needs no answer.
        drop(reply.send(reader.verify(&question)));
        // Not before: who leaves and comes again shall not have two at work.
        drop(turn);
    });
    let verified = patiently(client, id, verified).await?;
    match verified {
        Ok(Ok(verification)) => {
            client.write(&blocks::rows(id, vec![verification]).concat()).await?;
            client.say(&done(id, None)).await
        }
        Ok(Err(error)) => refuse(client, id, &Refusal::from(error)).await,
        Err(_) => {
            let message = "the verification failed: the daemon's log says how";
            client.fail(Some(id), FailureCode::Storage, message).await
        }
    }
}

fn question(
    checkpoints: &[String],
    key: Option<&str>,
    own: &VerifierKey,
) -> Result<Question, String> {
    let outside = checkpoints.iter().map(|note| {
        let note = Note::parse(note).map_err(|error| format!("a checkpoint: {error}"))?;
        match note.checkpoint() {
            Some(_) => Ok(note),
            None => Err("a checkpoint: it is another note".to_owned()),
        }
    });
    let key =
        key.map(VerifierKey::parse).transpose().map_err(|error| format!("the key: {error}"))?;
    Ok(Question { outside: outside.collect::<Result<_, _>>()?, key, own: Some(own.clone()) })
}

/// Prunes what is asked for, or says what that would be.
pub(super) async fn prune(
    client: &mut Client,
    desk: &Desk,
    id: u64,
    (before_ms, repo, dry_run): (Option<i64>, Option<String>, bool),
) -> Result<(), Gone> {
    let kept_since = desk.sight.configured.borrow().config().keep.map(|keep| {
        let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_ms(Timestamp::now().ms().saturating_sub(keep))
    });
    let before = before_ms.map(Timestamp::from_ms);
    let (what, policy) = match (repo, before.or(kept_since)) {
        (Some(_), _) if before.is_some() => {
            let message = "a repository is forgotten as a whole, whatever the time";
            return client.fail(Some(id), FailureCode::BadRequest, message).await;
        }
        (Some(repo), _) => (What::Repo(repo), "forget"),
        (None, Some(time)) => (What::Before(time), "prune"),
        (None, None) => {
            let message = "the ledger is kept for ever (ledger.keep): name a time";
            return client.fail(Some(id), FailureCode::BadRequest, message).await;
        }
    };
    let plan = query(desk, move |reader| Ok(reader.plan(&what, policy)?));
    let plan = match patiently(client, id, plan).await? {
        Ok(plan) => plan,
        Err(refusal) => return refuse(client, id, &refusal).await,
    };
    let (before, count) = (plan.before, plan.count());
    let records = match dry_run || count == 0 {
        true => Ok(count),
        false => patiently(client, id, desk.sight.writer.prune(plan)).await?,
    };
    let row = records.map(|records| PruneRow { records, before, dry_run });
    let row = row.map_err(|why| refusal(&why));
    small(client, id, row.map(|row| blocks::rows(id, vec![row]))).await
}

/// Waits for something that may take long, and tells the client meanwhile that it goes on.
async fn patiently<T>(
    client: &mut Client,
    id: u64,
    work: impl Future<Output = T>,
) -> Result<T, Gone> {
    let mut patience = interval(PATIENCE);
    patience.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Ok(done),
            _ = patience.tick() => {
                client.write(&codec::to_line(&Answer::Rows { id, count: 0 })).await?;
            }
        }
    }
}
