//! Today at a glance, for somebody who typed no more than the program's name.

use std::io::{self, Write};

use trackway_protocol::report::{RepoUse, Report, Totals, Use};
use trackway_protocol::row::{LaunchRow, Status};
use trackway_report::words::attention::{self, Matter, matters};
use trackway_report::words::{cost, quarters, tokens, total};

use super::table::{Cell, Table, Tone, bold};
use super::text::{UNKNOWN, count, listed, number};
use super::{View, clean, config, launches, shares, status};

/// So many of a kind are shown.
const MOST: usize = 5;

/// Writes it; `day` is the report of the last 24 hours, unless the daemon makes none.
pub(crate) fn write(
    told: &Status,
    running: &[LaunchRow],
    day: Option<&Report>,
    view: &View,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "{}\n", bold(view, &status::headline(told, view)))?;
    let mut list = Table::list();
    items(&mut list, "running", of_running(running, view));
    match day {
        Some(day) => {
            items(&mut list, "last 24 h", last(&day.totals, told));
            items(&mut list, "where", places(day, view));
            items(&mut list, "look at", to_look_at(told, day, view));
        }
        None => list.item("last 24 h", format!("{UNKNOWN} (this daemon is of another version)")),
    }
    items(&mut list, "recorder", recorder(told, day, view));
    list.write(view, out)?;
    writeln!(out, "\n`trackwayctl help` lists what else can be asked.")
}

/// Adds lines, of which the first has a label; nothing where there is none.
fn items(list: &mut Table, label: &str, lines: Vec<Cell>) {
    for (index, line) in lines.into_iter().enumerate() {
        list.item(if index == 0 { label } else { "" }, line);
    }
}

fn of_running(running: &[LaunchRow], view: &View) -> Vec<Cell> {
    if running.is_empty() {
        return vec!["no agent".into()];
    }
    let launch = |row: &LaunchRow| {
        let (agent, place) = (launches::agent(row), place(row, view));
        let mode = row.mode.as_deref().map(|mode| format!(" ({})", clean(mode)));
        let since = view.since(row.started_at);
        Cell::toned(format!("{agent}{} in {place} {since}", mode.unwrap_or_default()), Tone::Good)
    };
    let mut lines: Vec<Cell> = running.iter().take(MOST).map(launch).collect();
    lines.extend(more(running.len(), "`trackwayctl launches --running`"));
    lines
}

/// Returns where it works; a directory of a container is that one's own.
fn place(row: &LaunchRow, view: &View) -> String {
    match (row.cwd.as_deref(), row.namespace.as_deref()) {
        (Some(cwd), None | Some("host")) => view.path(cwd),
        _ => launches::place(row, view),
    }
}

/// Says what there was in the range; what was never recorded at all is another matter.
fn last(totals: &Totals, told: &Status) -> Vec<Cell> {
    if totals.launches == 0 && totals.sessions == 0 {
        let nothing = match told.launches {
            0 => {
                "no agent was recorded, nor any launch before: start claude or codex, and look again"
            }
            _ => "no agent was recorded",
        };
        return vec![nothing.into()];
    }
    let did = format!(
        "{}, {} in {}; active for {}",
        count(totals.launches, "launch", "launches"),
        count(totals.sessions, "session", "sessions"),
        count(totals.repos, "repository", "repositories"),
        quarters(totals.active_quarters),
    );
    let files = format!(
        "{} read, {} written",
        count(totals.files_read, "file", "files"),
        number(totals.files_written)
    );
    vec![did.into(), files.into(), spent(&totals.use_).into()]
}

fn spent(use_: &Use) -> String {
    if use_.responses == 0 {
        return "no response of a model was recorded".into();
    }
    format!(
        "{} of models: {} tokens, {} at API prices",
        count(use_.responses, "response", "responses"),
        tokens(total(&use_.tokens)),
        cost(use_),
    )
}

/// Names the repositories with the most activity, and says whether there was any elsewhere.
fn places(day: &Report, view: &View) -> Vec<Cell> {
    let place = |repo: &RepoUse| {
        let name =
            repo.roots.first().map_or_else(|| clean(&repo.id).into_owned(), |root| view.path(root));
        let agents = repo.agents.iter().map(|agent| clean(agent).into_owned());
        let did =
            format!("{} read, {} written", number(repo.files_read), number(repo.files_written));
        Cell::from(format!("{name} ({}): {did}", listed(agents, MOST)))
    };
    let mut lines: Vec<Cell> = day.repos.iter().take(MOST).map(place).collect();
    let all = day.repos.len() + usize::try_from(day.more_repos).unwrap_or(usize::MAX);
    lines.extend(more(all, "`trackwayctl repos --since 24h`"));
    if day.elsewhere.active_quarters > 0 {
        let dirs = day.elsewhere.dirs.len() as u64 + day.elsewhere.more_dirs;
        let dirs = count(dirs, "directory", "directories");
        lines.push(format!("{dirs} in no repository: `trackwayctl dirs --since 24h`").into());
    }
    lines
}

/// Names entries into zones that nobody has looked at, whenever they were, and what is a risk.
fn to_look_at(told: &Status, day: &Report, view: &View) -> Vec<Cell> {
    let zones = told.zones.as_ref().filter(|zones| zones.open > 0);
    let mut lines = zones.map_or(Vec::new(), |zones| status::of_zones(zones, view));
    // Entries are counted above.
    let matters: Vec<_> =
        matters(day).into_iter().filter(|matter| matter.section != "zones").collect();
    let line = |matter: &Matter<'_>| {
        let place = matter.place.map(|place| format!(" ({})", view.path(place)));
        let text = format!("{}: {}{}", matter.risk, clean(&matter.what), place.unwrap_or_default());
        Cell::toned(text, config::alarm(matter.risk))
    };
    lines.extend(matters.iter().take(MOST).map(line));
    if lines.is_empty() {
        return vec![Cell::toned(attention::CALM, Tone::Good)];
    }
    let has = |section: &str| matters.iter().any(|matter| matter.section == section);
    let commands =
        [("findings", "`trackwayctl findings`"), ("changes", "`trackwayctl config --risk medium`")];
    let commands = commands.iter().filter(|(section, _)| has(section));
    let commands: Vec<&str> = commands.map(|(_, command)| *command).collect();
    if !commands.is_empty() {
        let more = matters.len().saturating_sub(MOST) as u64;
        let more = if more > 0 { format!("… {} more: ", number(more)) } else { "see ".into() };
        lines.push(format!("{more}{}", commands.join(", ")).into());
    }
    lines
}

/// Says how much was seen, and what works less than it could.
fn recorder(told: &Status, day: Option<&Report>, view: &View) -> Vec<Cell> {
    let mut lines = Vec::new();
    if let Some(day) = day {
        let unknown = &day.unknown;
        if let Some(time) = unknown.time.first() {
            let gaps = unknown.gaps.len() as u64 + unknown.more_gaps;
            let see = if gaps > 0 { ": `trackwayctl gaps --since 24h`" } else { "" };
            lines.push(format!("{}{see}", shares::summary(time)).into());
        }
    }
    for source in told.sources.iter().filter(|source| source.state != "active") {
        let text = format!("{} {}", clean(&source.name), status::state(source, view));
        lines.push(Cell::toned(text, status::tone(&source.state)));
    }
    if let Some(scope) = &told.scope {
        lines.push(format!("recorded is {}", status::of_scope(scope)).into());
    }
    let notes = told.ledger_notes.iter().chain(&told.config_notes);
    lines.extend(notes.map(|note| Cell::toned(clean(note), Tone::Warning)));
    if lines.is_empty() {
        lines.push("see `trackwayctl status`".into());
    }
    lines
}

/// Says how many are not shown, and what shows them.
fn more(all: usize, command: &str) -> Option<Cell> {
    let more = all.checked_sub(MOST).filter(|more| *more > 0)?;
    Some(format!("… {} more: {command}", number(more as u64)).into())
}
