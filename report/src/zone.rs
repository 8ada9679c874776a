//! Time zones by their names, as the system has them.
//!
//! [`TimeZone::get`] and [`TimeZone::system`] look up a name among all that the system has, for which
//! they list some twenty directories: in a program that runs for a few milliseconds, half of its time.
//! So the one file is read whose name it is. Whatever is not found so, they are asked for: they know
//! other places, other spellings and other systems.

use std::env;
use std::fs;
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Where nearly all systems keep the rules of time zones, each in a file of its name.
const DIR: &str = "/usr/share/zoneinfo";

/// Returns the time zone of an IANA name, such as `Europe/Berlin`; none where there is no such zone.
#[must_use]
pub fn named(name: &str) -> Option<TimeZone> {
    let found = exact(name).or_else(|| TimeZone::get(name).ok());
    found.filter(|zone| !zone.is_unknown())
}

/// Returns the time where this process runs: in the time zone that `TZ` names, else the system's.
#[must_use]
pub fn now() -> Zoned {
    Timestamp::now().to_zoned(system())
}

fn system() -> TimeZone {
    if env::var_os("TZ").is_some() {
        return TimeZone::system();
    }
    let link = fs::read_link("/etc/localtime").ok();
    let name = link.as_deref().and_then(Path::to_str).and_then(|to| to.rsplit_once("zoneinfo/"));
    name.and_then(|(_, name)| exact(name)).unwrap_or_else(TimeZone::system)
}

/// Returns the time zone of exactly this name, where its file is where files of time zones mostly are.
fn exact(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    // In these directories stand the same names once more, one set of them with leap seconds.
    let is_other = name.starts_with("posix/") || name.starts_with("right/");
    if is_other || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    // Another directory is wished for.
    if env::var_os("TZDIR").is_some() {
        return None;
    }
    TimeZone::tzif(name, &fs::read(Path::new(DIR).join(name)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_what_jiff_takes_it_for() {
        for name in
            ["Europe/Berlin", "America/Argentina/Ushuaia", "UTC", "Etc/UTC", "europe/berlin"]
        {
            let (ours, jiffs) = (named(name).unwrap(), TimeZone::get(name).unwrap());
            assert_eq!((ours.iana_name(), &ours), (jiffs.iana_name(), &jiffs));
        }
        let spellings =
            ["", "/", "Europe", "Europe/", "Europe//Berlin", "../zoneinfo/Europe/Berlin"];
        let others = ["right/Europe/Berlin", "/usr/share/zoneinfo/UTC", "tzdata.zi", "Etc/Unknown"];
        for name in spellings.iter().chain(&others) {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn what_jiff_reads_in_one_file_more_is_the_same() {
        let (ours, jiffs) = (system(), TimeZone::system());
        assert_eq!((ours.iana_name(), &ours), (jiffs.iana_name(), &jiffs));
    }
}
