//! Zones, when a client asks about them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::{FailureCode, Filter};
use trackway_protocol::record::{Body, Evidence, Repo, Risk, ZoneAcknowledged};
use trackway_protocol::row::{AnyFinding, ZoneEntryRow, ZoneFile, ZoneMatchRow};

use super::answer::{Refusal, Whole, query, refuse, small};
use super::connection::{Client, Gone};
use super::{Desk, Sight, blocks};
use crate::enrich::repo::lookup::{Find, Found};
use crate::store::{Asked, Checked, Draft, Wanted};
use crate::zones::{Hit, Place, Rules, Touch};

/// What to do about rules that cannot be used.
pub(super) const FIX: &str = "mend the file: it is read again when it changes";

/// How long the repository of a place may take to be looked up.
const LOOKUP: Duration = Duration::from_secs(2);
/// The longest note that is kept, in characters.
const NOTE: usize = 500;
/// Entries that may be acknowledged at once.
const ENTRIES: usize = 10_000;

/// Returns a finding for each file of rules that cannot be used, where that is asked for.
pub(super) fn findings(sight: &Sight, filter: &Filter) -> Vec<AnyFinding> {
    let Filter { agent, repo, dir, launch, session, risk, .. } = filter;
    if [agent, repo, dir, launch, session].into_iter().any(Option::is_some) {
        return Vec::new();
    }
    let found = sight.zones.files().into_iter().filter_map(finding);
    found.filter(|found| risk.is_none_or(|least| least <= found.risk)).collect()
}

/// Returns the finding that a file of rules cannot be used, where that is so.
pub(crate) fn finding(file: ZoneFile) -> Option<AnyFinding> {
    let why = file.reason.filter(|_| file.state == "failing")?;
    let whose = if file.managed { "The machine's" } else { "The user's" };
    Some(AnyFinding {
        code: "zones-not-in-force".into(),
        risk: if file.managed { Risk::High } else { Risk::Medium },
        agent: "trackway".into(),
        at: None,
        since: file.since,
        launch: None,
        session: None,
        dir: None,
        path: Some(file.path),
        key: None,
        value: None,
        why: format!(
            "{whose} rules of zones cannot be used, {} earlier ones are: {why}.",
            file.zones
        ),
        fix: FIX.into(),
    })
}

/// Returns places with the repositories in which they lie now.
pub(super) async fn asked(places: Vec<String>) -> Vec<Asked> {
    let mut asked = Vec::new();
    for place in places {
        let (repo, is_known) = match repo_of(&place).await {
            Ok(repo) => (repo, true),
            Err(()) => (None, false),
        };
        asked.push(Asked { place, repo, is_known });
    }
    asked
}

/// Looks a place's repository up; fails where that takes too long or cannot be.
async fn repo_of(place: &str) -> Result<Option<Repo>, ()> {
    if !Path::new(place).is_absolute() {
        let remote = Some(place.to_owned());
        return Ok(Some(Repo { root: "/".into(), remote, ..Repo::default() }));
    }
    let path = PathBuf::from(place);
    let look = tokio::task::spawn_blocking(move || {
        // What is gone lay in what is left above it.
        let dir = path.ancestors().find(|dir| dir.is_dir());
        dir.map_or(Found::None, |dir| Find::new().repo(dir))
    });
    match timeout(LOOKUP, look).await {
        Ok(Ok(Found::Repo(repo))) => Ok(Some(repo)),
        Ok(Ok(Found::None)) => Ok(None),
        _ => Err(()),
    }
}

/// Returns the rules that match a place.
pub(super) async fn explain(
    sight: &Sight,
    place: String,
    agent: Option<&str>,
) -> Result<Vec<ZoneMatchRow>, Refusal> {
    let repo = repo_of(&place).await.map_err(|()| Refusal {
        code: FailureCode::Storage,
        message: format!("the repository of {place} cannot be looked up now"),
    })?;
    let is_remote = !Path::new(&place).is_absolute();
    let path = PathBuf::from(if is_remote { "/" } else { &place });
    let at = Place { path: &path, repo: repo.as_ref() };
    let in_force = sight.zones.in_force();
    let mut rows = Vec::new();
    for (managed, rules) in in_force.sets() {
        for hit in rules.all(&at) {
            // Of a remote nobody knows where it lies.
            if is_remote && hit.zone.remotes.iter().all(|pattern| pattern != hit.pattern) {
                continue;
            }
            rows.push(row(&place, managed, (rules, &at), &hit, agent));
        }
    }
    Ok(rows)
}

fn row(
    place: &str,
    managed: bool,
    (rules, at): (&Rules, &Place<'_>),
    hit: &Hit<'_>,
    agent: Option<&str>,
) -> ZoneMatchRow {
    let zone = hit.zone;
    let is_its = |touch: &Touch| {
        let applies = rules.judge(at, agent, *touch);
        applies.is_some_and(|applies| applies.zone.name == zone.name)
    };
    let touches: Vec<String> =
        Touch::ALL.iter().filter(|touch| is_its(touch)).map(|it| it.as_str().to_owned()).collect();
    let is_about = agent.is_none_or(|agent| {
        zone.agents.is_empty() || zone.agents.iter().any(|named| named == agent)
    });
    let why = match (touches.is_empty(), is_about) {
        (false, _) => format!("it matches by {}", hit.by.as_str()),
        (true, false) => "it is about other agents".to_owned(),
        (true, true) => "a more specific zone applies instead".to_owned(),
    };
    ZoneMatchRow {
        place: place.to_owned(),
        zone: zone.name.clone(),
        managed,
        severity: zone.severity,
        reason: zone.reason.clone(),
        pattern: hit.pattern.to_owned(),
        applies: !touches.is_empty(),
        touches,
        why,
    }
}

/// Returns the answer to a check, with what only the server knows.
pub(super) fn checked(id: u64, checked: Checked, files: &[ZoneFile], is_read: bool) -> Whole {
    let Checked { touches, checked: mut last } = checked;
    last.reading = !is_read;
    let failing = files.iter().filter(|file| file.state == "failing");
    let why = |file: &ZoneFile| format!("{}: {}", file.path, file.reason.as_deref().unwrap_or("?"));
    last.failing = failing.map(why).collect();
    let mut blocks = blocks::rows(id, touches);
    blocks.extend(blocks::rows(id, vec![last]));
    Whole { blocks, more: None }
}

/// Records that somebody has looked at entries, and answers with these.
pub(super) async fn acknowledge(
    client: &mut Client,
    desk: &Desk,
    id: u64,
    (numbers, note): (Vec<u64>, Option<String>),
) -> Result<(), Gone> {
    let bad = |why: &str| (FailureCode::BadRequest, why.to_owned());
    let refused = match &note {
        _ if numbers.len() > ENTRIES => Some(bad("too many entries at once")),
        Some(note) if note.chars().count() > NOTE => Some(bad("the note is too long")),
        Some(note) if note.contains(char::is_control) => {
            Some(bad("the note has control characters"))
        }
        _ => None,
    };
    if let Some((code, why)) = refused {
        return client.fail(Some(id), code, &why).await;
    }
    let entries = match entries(desk, &numbers).await {
        Ok(entries) => entries,
        Err(refusal) => return refuse(client, id, &refusal).await,
    };
    let missing = numbers.iter().find(|number| entries.iter().all(|entry| entry.seq != **number));
    if let Some(number) = missing {
        let why = format!("record {number} is no entry into a zone");
        return client.fail(Some(id), FailureCode::NotFound, &why).await;
    }
    let note = note.filter(|note| !note.is_empty());
    let drafts = entries.iter().map(|entry| acknowledgement(entry, note.clone())).collect();
    let written = match desk.sight.writer.append(drafts).await {
        // Sealed, since it is somebody's word; and durable before it is answered.
        Ok(()) => desk.sight.writer.seal().await.map(drop),
        Err(gone) => Err(gone.to_string()),
    };
    if let Err(why) = written {
        let why = format!("the ledger cannot be written now: {why}");
        return client.fail(Some(id), FailureCode::Storage, &why).await;
    }
    let entries = self::entries(desk, &numbers).await;
    small(client, id, entries.map(|entries| blocks::rows(id, entries))).await
}

async fn entries(desk: &Desk, numbers: &[u64]) -> Result<Vec<ZoneEntryRow>, Refusal> {
    let wanted = Wanted { numbers: Some(numbers.to_owned()), ..Wanted::default() };
    query(desk, move |reader| Ok(reader.entries(&Filter::default(), &wanted)?.rows)).await
}

fn acknowledgement(entry: &ZoneEntryRow, note: Option<String>) -> Draft {
    let body = ZoneAcknowledged { entry: entry.id, zone: entry.zone.clone(), note };
    Draft {
        at: Timestamp::now(),
        // Whoever asks is the user, as the kernel says.
        evidence: Evidence::Kernel,
        replaces: None,
        body: Body::ZoneAcknowledged(body),
    }
}
