//! Whether something was touched at all, as a statement that somebody can pass on.

use jiff::tz::TimeZone;
use trackway_protocol::report::{Absence, AbsenceTouch, Reach};

use super::page::Page;
use super::text::{code, code_or_unknown, codes, prose, prose_or_unknown};
use super::unknown::times;
use crate::words::{count, number, sentences};

pub(super) fn write(absence: &Absence) -> String {
    // It goes to people elsewhere, and has no time zone of its own.
    let mut page = Page::new(TimeZone::UTC);
    page.heading(1, "Trackway: whether agents were there");
    page.paragraph(&answer(&page, absence));
    if !absence.known {
        page.paragraph(
            "The ledger has never heard of this place. A name that is misspelt was never touched either: \
             check the spelling.",
        );
    }
    if absence.absent && absence.outside_scope == Some(true) {
        page.paragraph(
            "This place lies outside of the scope that is set: nothing of it is recorded, and this is no \
             evidence of anything.",
        );
    } else if is_unrecorded(absence) {
        page.paragraph(
            "Nothing at all was recorded in this range: this is no evidence of anything.",
        );
    } else if absence.absent {
        page.paragraph(
            "That nothing was recorded is no proof that nothing happened. What could have happened \
             unseen is below.",
        );
    }
    if !absence.touches.is_empty() || absence.more_touches > 0 {
        page.heading(2, "Who touched it");
        absence.touches.iter().for_each(|touch| self::touch(&mut page, touch));
        page.more(absence.more_touches);
    }
    seen(&mut page, absence);
    unseen(&mut page, absence);
    foot(&mut page, absence);
    page.finish()
}

fn answer(page: &Page, absence: &Absence) -> String {
    let place = match (&absence.repo, &absence.dir) {
        (Some(repo), Some(dir)) => format!("{} in {}", code(dir), code(repo)),
        (Some(place), None) | (None, Some(place)) => code(place),
        (None, None) => "anything".into(),
    };
    let user = absence.uid.map(|uid| format!(" ({uid})")).unwrap_or_default();
    let host = absence.host.as_deref().map_or_else(|| "name not known".into(), code);
    let (from, until) = (page.time(absence.from), page.time(absence.until));
    let end = if absence.complete { "" } else { ", which is not over yet" };
    let what = if absence.absent {
        format!("No touch of {place} was recorded")
    } else {
        format!("{place} was touched")
    };
    format!(
        "**{what}** from {from} until {until} (UTC{end}), for this user{user} on this machine ({host})."
    )
}

/// Whether no source recorded any of the range.
fn is_unrecorded(absence: &Absence) -> bool {
    absence.time.iter().all(|time| time.recorded_ms == 0 && time.degraded_ms == 0)
}

fn touch(page: &mut Page, touch: &AbsenceTouch) {
    let agent = prose_or_unknown(touch.agent.as_deref());
    let agent = if touch.agent.is_some() { agent } else { "an agent that is not known".into() };
    page.item(0, &format!("{agent}: {}", code(&touch.path)));
    let (first, last) = (page.time(touch.first_at), page.time(touch.last_at));
    let when = if first == last { last } else { format!("{last}, first {first}") };
    let how = if touch.how.is_empty() { "not known".into() } else { prose(&touch.how.join(", ")) };
    page.item(1, &format!("{when}; how: {how}; {}", touch.evidence));
    if let Some(session) = &touch.session {
        page.item(1, &format!("session {}", code(session)));
    }
    if let Some(launch) = touch.launch {
        page.item(1, &format!("launch {}", codes(&[launch.to_string()])));
    }
}

fn seen(page: &mut Page, absence: &Absence) {
    page.heading(2, "How much was seen");
    page.paragraph(&sentences::seen_of(absence.time.first(), absence.complete));
    times(page, &absence.time);
}

fn unseen(page: &mut Page, absence: &Absence) {
    page.heading(2, "What could have happened unseen");
    page.item(0, &sentences::unnamed_launches(absence.unnamed_launches));
    let launches = count(absence.launches, "launch", "launches");
    let without = number(absence.launches_without_session);
    page.item(0, &format!("Of {launches} in the range, {without} left no session file."));
    let (calls, sessions) = (
        count(absence.shell_calls, "shell call", "shell calls"),
        count(absence.sessions, "session", "sessions"),
    );
    let unresolved = number(absence.unresolved_calls);
    page.item(
        0,
        &format!(
            "{sessions} open in the range, whatever touched; of {calls} of theirs, {unresolved} could not \
             be resolved in full: these may have touched it."
        ),
    );
    page.item(0, &sentences::pruned(absence.pruned));
    page.item(0, &sentences::out_of_scope(absence.out_of_scope));
    page.item(0, sentences::reading(absence.reading));
    if absence.out_of_sight.is_empty() {
        return;
    }
    page.heading(2, "What nobody sees from here");
    absence.out_of_sight.iter().for_each(|reach| page.item(0, self::reach(*reach)));
}

fn reach(reach: Reach) -> &'static str {
    match reach {
        Reach::OtherUsers => {
            "Other users of this machine, and this user by another's name (`sudo`)"
        }
        Reach::Containers => "Directories inside containers",
        Reach::OtherHosts => "Other machines, also those that this one is logged in to",
        Reach::Cloud => "Agents that work at their vendor's",
        Reach::OtherPrograms => "Programs that are no agent of those that are known",
        Reach::Other => "Something that this version has no word for",
    }
}

fn foot(page: &mut Page, absence: &Absence) {
    page.heading(2, "What this is worth");
    page.paragraph(sentences::LIMIT);
    page.item(0, &format!("Made: {} (UTC)", page.time(absence.made_at)));
    page.item(0, &format!("Ledger: up to record {}", number(absence.seq)));
    page.item(0, &format!("SHA-256: {}", code_or_unknown(absence.sha256.as_deref())));
    let version = prose(&absence.version);
    page.item(0, &format!("Made by: Trackway {version}, report format {}", absence.report));
}
