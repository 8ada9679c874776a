//! What came over the wire, as a person reads it. Renderers take rows and write text; they ask
//! nobody and know no request but the filter that they name in a sentence.
//!
//! **Every string that was captured passes through [`clean()`]** before it is written: it may hold
//! whatever a process chose to be called. **Unknown is shown as `?` or `unknown`**, never as 0 or
//! as nothing; what does not apply is `-`.
//!
//! **Width.** On a terminal, or where `COLUMNS` says so, a row is one line: paths lose their
//! middle, sentences wrap. Anywhere else nothing is shortened, so that `grep` sees all of a row; but
//! what a file of settings says has an end (see [`config`]).

use jiff::Zoned;

pub(crate) mod checks;
pub(crate) mod config;
pub(crate) mod csv;
pub(crate) mod dirs;
pub(crate) mod files;
pub(crate) mod findings;
pub(crate) mod gaps;
pub(crate) mod glance;
pub(crate) mod hashed;
#[cfg(test)]
mod hostile;
pub(crate) mod json;
pub(crate) mod launches;
pub(crate) mod privacy;
pub(crate) mod record;
pub(crate) mod repos;
pub(crate) mod selection;
pub(crate) mod service;
pub(crate) mod sessions;
pub(crate) mod shares;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod verify;
pub(crate) mod who;
pub(crate) mod zones;

pub(crate) use trackway_report::clean::clean;

/// For whom something is rendered: when, where and on what.
#[derive(Clone, Debug)]
pub struct View {
    /// The current time, in the reader's time zone.
    pub now: Zoned,
    /// The reader's home directory, shown as `~`.
    pub home: Option<String>,
    /// Columns to fit into; `None`: no limit.
    pub width: Option<u16>,
    /// Whether colour may be written.
    pub colour: bool,
}

#[cfg(test)]
impl View {
    /// Returns a view of 80 columns without colour, in UTC, at noon.
    pub(crate) fn plain() -> Self {
        Self {
            now: noon(jiff::tz::TimeZone::UTC),
            home: Some("/home/ann".into()),
            width: Some(80),
            colour: false,
        }
    }

    /// Returns a view of something that is no terminal.
    pub(crate) fn piped() -> Self {
        Self { width: None, ..Self::plain() }
    }
}

/// Returns noon of a Monday in UTC, in a zone; a test has no database of zones.
#[cfg(test)]
pub(crate) fn noon(zone: jiff::tz::TimeZone) -> Zoned {
    "2026-11-23T12:00:00Z".parse::<jiff::Timestamp>().unwrap().to_zoned(zone)
}

/// Returns the zone of Berlin by its rule.
#[cfg(test)]
pub(crate) fn berlin() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

/// Returns what `write` wrote.
#[cfg(test)]
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}
