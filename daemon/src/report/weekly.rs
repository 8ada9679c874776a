//! Writes the report of each week into a directory once the week is over, also where nothing ran at
//! that moment: what is there is looked for, not remembered.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Deserialize;
use tokio::sync::watch;
use tracing::{info, warn};
use trackway_protocol::endpoint;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::row::ReportsStatus;
use trackway_report::Format;
use trackway_report::calendar::Week;

use super::{Reporter, Subject};
use crate::store::{Reader, StoreError};

/// The directory of reports in the state directory.
const DIR: &str = "reports";
/// How often it is looked whether a week is over: a timer would not go on while the machine sleeps.
const LOOK: Duration = Duration::from_secs(10 * 60);
/// How long after its end a week is written down: what was going on then is read by that time.
const SETTLE_MS: i64 = 15 * 60 * 1000;

/// Which reports are written, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Weekly {
    /// None: no report is written.
    formats: Vec<Format>,
    /// So many weeks are kept.
    keep: usize,
    /// None: that of the machine.
    time_zone: Option<String>,
}

/// The same as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Typed {
    weekly: Option<Vec<String>>,
    keep: Option<u32>,
    time_zone: Option<String>,
}

impl Default for Weekly {
    fn default() -> Self {
        Self { formats: vec![Format::Markdown, Format::Html], keep: 53, time_zone: None }
    }
}

impl Weekly {
    /// Reads what was typed; an error comes with its key.
    pub(crate) fn read(typed: Typed) -> Result<Self, (&'static str, String)> {
        let mut weekly = Self::default();
        if let Some(names) = typed.weekly {
            let formats = names.iter().map(|name| Format::named(name));
            let formats: Option<Vec<Format>> = formats.collect();
            let why = || ("report.weekly", "knows only md, html, csv, json".to_owned());
            weekly.formats = formats.ok_or_else(why)?;
        }
        if let Some(keep) = typed.keep {
            let why = || ("report.keep", "is not between 1 and 1000".to_owned());
            let keep = usize::try_from(keep).ok().filter(|keep| (1..=1000).contains(keep));
            weekly.keep = keep.ok_or_else(why)?;
        }
        if let Some(name) = typed.time_zone {
            let why = |_| ("report.time-zone", "is no time zone such as Europe/Berlin".to_owned());
            TimeZone::get(&name).map_err(why)?;
            weekly.time_zone = Some(name);
        }
        Ok(weekly)
    }

    /// Returns the keys in which this is not as another one.
    pub(crate) fn other_keys(&self, other: &Self) -> Vec<&'static str> {
        let keys = [
            ("report.weekly", self.formats != other.formats),
            ("report.keep", self.keep != other.keep),
            ("report.time-zone", self.time_zone != other.time_zone),
        ];
        keys.into_iter().filter(|(_, is_other)| *is_other).map(|(key, _)| key).collect()
    }

    fn zone(&self) -> TimeZone {
        let named = self.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        // One without a name could not be told in a report.
        let system = || Some(TimeZone::system()).filter(|zone| zone.iana_name().is_some());
        named.or_else(system).unwrap_or(TimeZone::UTC)
    }
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
enum WeeklyError {
    #[error("failed to make the report of {week}")]
    Make { week: String, source: StoreError },
    #[error("failed to write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// Writes reports from now on; ends with the runtime. Returns how it is with them.
pub(crate) fn start(
    weekly: Weekly,
    state_dir: &Path,
    reader: Reader,
    reporter: Reporter,
) -> watch::Receiver<ReportsStatus> {
    let dir = state_dir.join(DIR);
    let (tell, told) = watch::channel(status(&dir, None));
    tokio::spawn(async move {
        loop {
            reporter.read_all().await;
            let work = (weekly.clone(), dir.clone(), reader.clone(), reporter.clone());
            let written = tokio::task::spawn_blocking(move || {
                let (weekly, dir, reader, reporter) = work;
                let problem = write_due(&weekly, &dir, &reader, &reporter, Timestamp::now());
                let problem = problem.err().map(|error| told_in_full(&error));
                status(&dir, problem)
            });
            if let Ok(status) = written.await {
                if let Some(problem) = &status.problem {
                    warn!(problem, "the weekly report is not written");
                }
                tell.send_replace(status);
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    told
}

fn told_in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// Writes what is missing of the weeks that are kept, and removes what is older.
fn write_due(
    weekly: &Weekly,
    dir: &Path,
    reader: &Reader,
    reporter: &Reporter,
    now: Timestamp,
) -> Result<(), WeeklyError> {
    if weekly.formats.is_empty() {
        return Ok(());
    }
    let zone = weekly.zone();
    let settled = Timestamp::from_ms(now.ms().saturating_sub(SETTLE_MS));
    let mut week = Week::last_full(settled, &zone);
    let first = reader
        .first_start()
        .map_err(|source| WeeklyError::Make { week: week.to_string(), source })?;
    let Some(first) = first else { return Ok(()) };
    for _ in 0..weekly.keep {
        // Before the first daemon nothing was recorded.
        if week.range(&zone).1 <= first {
            break;
        }
        write_week(weekly, dir, reader, reporter, (week, &zone, now))?;
        week = week.before();
    }
    remove_older(dir, week);
    Ok(())
}

fn write_week(
    weekly: &Weekly,
    dir: &Path,
    reader: &Reader,
    reporter: &Reporter,
    (week, zone, now): (Week, &TimeZone, Timestamp),
) -> Result<(), WeeklyError> {
    let path = |format: Format| dir.join(format!("{PREFIX}{week}.{}", format.name()));
    let missing = weekly.formats.iter().filter(|format| !path(**format).exists());
    let missing: Vec<Format> = missing.copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let (from, until) = week.range(zone);
    let (since_ms, until_ms) = (Some(from.ms()), Some(until.ms()));
    let subject = Subject {
        filter: Filter { since_ms, until_ms, ..Filter::default() },
        week: Some(week.to_string()),
        zone: zone.clone(),
    };
    let report = reporter.report(reader, &subject, now);
    let report = report.map_err(|source| WeeklyError::Make { week: week.to_string(), source })?;
    for format in missing {
        let path = path(format);
        let text = trackway_report::render(&report, format);
        write(dir, &path, &text)
            .map_err(|source| WeeklyError::Write { path: path.clone(), source })?;
        info!(path = %path.display(), "the report of a week was written");
    }
    Ok(())
}

/// Writes a file that is there as a whole or not at all, for its owner alone.
fn write(dir: &Path, path: &Path, text: &str) -> io::Result<()> {
    endpoint::private_dir(dir).map_err(io::Error::other)?;
    let part = dir.join(".part");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, path)
}

/// What the names of reports begin with.
const PREFIX: &str = "trackway-";

/// Removes the reports of a week and of those before it.
fn remove_older(dir: &Path, last: Week) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let week = name.to_str().and_then(week_of);
        if week.is_some_and(|week| week <= last)
            && let Err(error) = fs::remove_file(entry.path())
        {
            warn!(%error, path = %entry.path().display(), "an old report cannot be removed");
        }
    }
}

/// Returns the week that a file is the report of.
fn week_of(name: &str) -> Option<Week> {
    let (week, format) = name.strip_prefix(PREFIX)?.split_once('.')?;
    Format::named(format)?;
    Week::parse(week)
}

fn status(dir: &Path, problem: Option<String>) -> ReportsStatus {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let weeks: Vec<(Week, String)> =
        names.filter_map(|name| Some((week_of(&name)?, name))).collect();
    let newest = weeks.iter().map(|(week, _)| *week).max();
    let mut files: Vec<String> =
        weeks.into_iter().filter(|(week, _)| Some(*week) == newest).map(|(_, name)| name).collect();
    files.sort_unstable();
    ReportsStatus {
        dir: dir.to_string_lossy().into_owned(),
        newest: newest.map(|week| week.to_string()),
        files,
        problem,
    }
}

#[cfg(test)]
mod tests;
