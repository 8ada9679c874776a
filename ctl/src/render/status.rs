//! `status` for somebody who sees it for the first time: one sentence, then a few lines.

use std::io::{self, Write};

use trackway_protocol::row::{
    AgentInstall, GapRow, ReportsStatus, ScopeStatus, SealedStatus, SourceStatus, Status, TimeRow,
    ZonesStatus,
};

use super::table::{Cell, Table, Tone, bold};
use super::text::{UNKNOWN, bytes, count, known, listed, number};
use super::{View, clean, config, shares, zones};

/// The source whose state decides whether launches are recorded.
const LAUNCHES: &str = "launches";

/// Writes it, with the gaps of the last 7 days and how much of them was recorded, where that could be
/// asked for.
pub(crate) fn write(
    status: &Status,
    (gaps, time): (Option<&[GapRow]>, Option<&TimeRow>),
    view: &View,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "{}\n", bold(view, &headline(status, view)))?;
    let mut list = Table::list();
    for source in &status.sources {
        list.item(&clean(&source.name), Cell::toned(state(source, view), tone(&source.state)));
        list.item("", clean(&source.reason).into_owned());
    }
    if status.sources.is_empty() {
        list.item("sources", Cell::toned("none", Tone::Bad));
    }
    list.item("running", running(status));
    list.item("gaps", in_the_week(gaps));
    if let Some(time) = time {
        list.item("last 7 d", shares::summary(time));
    }
    list.item("ledger", ledger(status, view));
    list.item("sealed", sealed(status, view));
    for note in &status.ledger_notes {
        list.item("", Cell::toned(clean(note), Tone::Bad));
    }
    let zones = status.zones.as_ref().map(|zones| of_zones(zones, view));
    for (index, line) in zones.into_iter().flatten().enumerate() {
        list.item(if index == 0 { "zones" } else { "" }, line);
    }
    if let Some(reports) = &status.reports {
        list.item("reports", of_reports(reports, view));
        if let Some(problem) = &reports.problem {
            list.item("", Cell::toned(clean(problem), Tone::Bad));
        }
    }
    if status.backfill.state != "done" {
        list.item("backfill", backfill(status));
    }
    list.item("daemon", daemon(status, view));
    list.item("config", view.path(&status.paths.config));
    for note in &status.config_notes {
        list.item("", Cell::toned(clean(note), Tone::Warning));
    }
    if let Some(scope) = &status.scope {
        list.item("scope", of_scope(scope));
    }
    for (index, key) in status.managed.iter().enumerate() {
        list.item(if index == 0 { "managed" } else { "" }, clean(key).into_owned());
    }
    for (index, alike) in alike(&status.agents).into_iter().enumerate() {
        list.item(if index == 0 { "agents" } else { "" }, agent(&alike, view));
    }
    if status.agents.is_empty() {
        list.item("agents", "no agent's program was found");
    }
    list.write(view, out)
}

/// Says whether launches are recorded, and if not why.
pub(super) fn headline(status: &Status, view: &View) -> String {
    if let Some(until) = status.paused_until {
        let until = view.minute(until);
        let since = status.paused_since.map(|since| format!(" since {}", view.minute(since)));
        let since = since.unwrap_or_default();
        return format!(
            "PAUSED{since}: nothing is recorded until {until}. `trackwayctl resume` ends it."
        );
    }
    let source = status.sources.iter().find(|source| source.name == LAUNCHES);
    match (status.recording, source) {
        (true, Some(source)) if source.state == "active" => {
            format!("Recording launches {}.", view.since(source.since))
        }
        (true, Some(source)) => {
            format!("Recording launches, but {}.", state(source, view))
        }
        (true, None) => "Recording launches.".into(),
        (false, Some(source)) => {
            // A source that works is not the reason.
            let note = status.ledger_notes.first().filter(|_| source.state != "lost");
            let why = clean(note.unwrap_or(&source.reason));
            let why = why.trim_end_matches('.');
            format!("NOT recording launches: {why}. Try `trackwayctl doctor`.")
        }
        (false, None) => "NOT recording launches. Try `trackwayctl doctor`.".into(),
    }
}

/// Returns a source's state, mechanism and age.
pub(super) fn state(source: &SourceStatus, view: &View) -> String {
    format!("{} {}: {}", clean(&source.state), view.since(source.since), clean(&source.tier))
}

pub(super) fn tone(state: &str) -> Tone {
    match state {
        "active" => Tone::Good,
        "degraded" => Tone::Warning,
        _ => Tone::Bad,
    }
}

fn running(status: &Status) -> String {
    let agents = count(status.running, "agent", "agents");
    format!("{agents} now; {} recorded in all", count(status.launches, "launch", "launches"))
}

/// Counts the gaps of the week; time in which the daemon was off is told apart.
fn in_the_week(gaps: Option<&[GapRow]>) -> String {
    let Some(gaps) = gaps else { return format!("{UNKNOWN} (the question failed)") };
    let off = gaps.iter().filter(|gap| gap.state == "off").count() as u64;
    let blind = gaps.len() as u64 - off;
    let lasting = gaps.iter().filter(|gap| gap.until.is_none()).count() as u64;
    let mut text = match blind {
        0 => "none recorded in the last 7 days".into(),
        blind => format!("{} in the last 7 days", number(blind)),
    };
    if lasting > 0 {
        text += &format!(", {} not over", number(lasting));
    }
    if off > 0 {
        text += &format!("; off {}", count(off, "time", "times"));
    }
    if blind + off > 0 {
        text += ": see `trackwayctl gaps`";
    }
    text
}

fn ledger(status: &Status, view: &View) -> String {
    let records = count(status.ledger.records, "record", "records");
    let place = view.path(&status.paths.state_dir);
    format!("{records}, {}, in {place}", bytes(status.ledger.bytes))
}

fn sealed(status: &Status, view: &View) -> String {
    let Some(SealedStatus { size, at }) = status.sealed else { return "nothing yet".into() };
    format!("up to record {}, {}", number(size), view.ago(at))
}

/// Counts zones and what entered them, and names files that cannot be used; nothing where nobody made
/// any rule.
pub(super) fn of_zones(zones: &ZonesStatus, view: &View) -> Vec<Cell> {
    let in_force = zones.files.iter().map(|file| file.zones).fold(0, u64::saturating_add);
    let mut lines = Vec::new();
    if in_force > 0 || zones.open > 0 {
        let in_force = count(in_force, "zone", "zones");
        lines.push(match zones.open {
            0 => format!("{in_force}; no open entry").into(),
            open => {
                let open = count(open, "open entry", "open entries");
                let text = format!(
                    "{in_force}; {open}, the gravest {}: `trackwayctl zones entries --open`",
                    zones.worst
                );
                Cell::toned(text, config::alarm(zones.worst))
            }
        });
    }
    let failing = zones::failing(&zones.files, view);
    lines.extend(failing.into_iter().map(|file| Cell::toned(file, Tone::Bad)));
    lines
}

/// Says of which places anything is recorded.
pub(super) fn of_scope(scope: &ScopeStatus) -> String {
    let list = |patterns: &[String]| {
        let patterns = patterns.iter().map(|pattern| clean(pattern).into_owned());
        listed(patterns, 5)
    };
    let mut text = match &scope.include[..] {
        [] => "everywhere".into(),
        include => format!("only {}", list(include)),
    };
    if !scope.exclude.is_empty() {
        text += &format!(", not {}", list(&scope.exclude));
    }
    text + &format!("; {} left out", count(scope.left_out, "record", "records"))
}

/// Names the newest report of those that are written every week.
fn of_reports(reports: &ReportsStatus, view: &View) -> String {
    let Some(week) = &reports.newest else {
        return "none yet: a week is written when it is over".into();
    };
    let files: Vec<_> = reports.files.iter().map(|file| clean(file)).collect();
    format!("{}: {} in {}", clean(week), files.join(", "), view.path(&reports.dir))
}

fn backfill(status: &Status) -> String {
    let backfill = &status.backfill;
    let (done, total) = (bytes(backfill.done_bytes), bytes(backfill.total_bytes));
    let percent = backfill.percent().map(|percent| format!(" {percent} %,"));
    let percent = percent.unwrap_or_default();
    format!("{}:{percent} {done} of {total} of session files read", clean(&backfill.state))
}

fn daemon(status: &Status, view: &View) -> String {
    let version = clean(&status.version);
    format!("trackwayd {version}, pid {}, up {}", status.pid, view.since(status.started_at))
}

/// A program of an agent, and how many more there are of which all but the place is the same.
type Alike<'a> = (&'a AgentInstall, u64);

/// Puts together what differs in its place alone.
fn alike(installs: &[AgentInstall]) -> Vec<Alike<'_>> {
    let same = |a: &AgentInstall, b: &AgentInstall| {
        (&a.agent, &a.version, a.counted) == (&b.agent, &b.version, b.counted)
    };
    let mut groups: Vec<Alike<'_>> = Vec::new();
    for install in installs {
        match groups.iter_mut().find(|(first, _)| same(first, install)) {
            Some((_, more)) => *more += 1,
            None => groups.push((install, 0)),
        }
    }
    groups
}

fn agent((install, more): &Alike<'_>, view: &View) -> String {
    let counted = if install.counted { "" } else { " (its runs are not counted)" };
    let more = match more {
        0 => String::new(),
        more => format!(" and {}", count(*more, "more place", "more places")),
    };
    let version = known(install.version.as_deref());
    format!("{} {version}, {}{more}{counted}", clean(&install.agent), view.path(&install.exe))
}

#[cfg(test)]
mod tests;
