//! What the daemon itself finds when it is asked for its health: one fact, one line.

use std::collections::BTreeSet;

use trackway_protocol::ids::Timestamp;
use trackway_protocol::row::{AgentInstall, Check, GapRow, SourceStatus, ZoneFile};

use super::Sight;
use crate::config::{Loaded, Standing};
use crate::copies::Copies;
use crate::pipeline::misread::Misread;
use crate::store::{Condition, Health, Sealed};

mod gaps;

pub(super) use gaps::last_day;

/// Returns the daemon's checks; `gaps` are those of the last day, where they could be asked for.
pub(super) fn checks(
    sight: &Sight,
    condition: &Condition,
    gaps: Option<&[GapRow]>,
    now: Timestamp,
) -> Vec<Check> {
    let snapshot = sight.snapshot.borrow();
    let mut checks: Vec<Check> = snapshot.sources.iter().map(source).collect();
    checks.extend(ledger(&sight.health.borrow(), condition));
    let sealed = sight.writer.sealed();
    checks.push(checkpoints(sealed.borrow().as_ref()));
    checks.extend(sight.copies.borrow().as_ref().map(|it| copies(it, now)));
    checks.extend(snapshot.paused_until.map(paused));
    checks.extend(configuration(&sight.configured.borrow()));
    checks.extend(sight.zones.files().iter().filter_map(zones));
    checks.push(agents(&snapshot.agents));
    checks.push(formats(&snapshot.misread));
    checks.extend(gaps::checks(gaps, now));
    checks
}

/// What an agent's newer version writes that is not understood yet is no failure, and no secret.
fn formats(misread: &Misread) -> Check {
    let lines = misread.lines();
    if lines.is_empty() {
        return check(
            "formats",
            "ok",
            "everything read of session files was understood".into(),
            None,
        );
    }
    let fix = "what these lines told is not recorded; a newer Trackway may know them";
    check("formats", "warning", lines.join("; "), Some(fix))
}

fn source(source: &SourceStatus) -> Check {
    let found = format!("{} ({}): {}", source.tier, source.state, source.reason);
    let (state, fix) = match (source.tier.as_str(), source.state.as_str()) {
        (_, "lost") => {
            ("failed", Some("restart the daemon, and read its log if that does not help"))
        }
        ("poll", _) => (
            "warning",
            Some(
                "short launches are missed; a Linux of 6.6 or later, outside of containers, tells all",
            ),
        ),
        (_, "degraded") => ("warning", Some("see `trackwayctl gaps` for what was missed")),
        _ => ("ok", None),
    };
    check(&source.name, state, found, fix)
}

/// Returns what is to be said of the ledger: whether it can be written, and what is odd about its files.
pub(super) fn ledger(health: &Health, condition: &Condition) -> Vec<Check> {
    let mut checks = vec![writing(health, condition.damage.as_deref())];
    if condition.is_log_held() {
        let found = format!(
            "the write-ahead log has grown to {} MB: another program reads the ledger and does not \
             come to an end",
            condition.log_bytes >> 20
        );
        let fix = "end the program that has ledger.db open, a sqlite3 shell perhaps";
        checks.push(check("ledger log", "warning", found, Some(fix)));
    }
    if !condition.set_aside.is_empty() {
        let dirs: Vec<_> =
            condition.set_aside.iter().map(|dir| dir.display().to_string()).collect();
        let found = format!("a damaged ledger was set aside: {}", dirs.join(", "));
        let fix =
            "what it recorded is in no answer; move it elsewhere to keep it without this line";
        checks.push(check("set aside", "warning", found, Some(fix)));
    }
    checks
}

fn writing(health: &Health, damage: Option<&str>) -> Check {
    let since = match health {
        Health::Ok => None,
        Health::Failing { since, reason, waiting, dropped } => Some(format!(
            "no record can be written since {since}: {reason}; {waiting} wait, {dropped} were dropped"
        )),
    };
    match (since, damage) {
        (None, None) => check("ledger", "ok", "records are written durably".into(), None),
        (Some(found), None) => {
            let fix = "see that the file system of the state directory has room, within your quota, \
                       and can be written; what waits is written as soon as that is so";
            check("ledger", "failed", found, Some(fix))
        }
        (since, Some(damage)) => {
            let since = since.map(|since| format!("; {since}")).unwrap_or_default();
            let fix = "restart the daemon: it sets the ledger aside and begins a new one";
            check("ledger", "failed", format!("it is damaged ({damage}){since}"), Some(fix))
        }
    }
}

fn checkpoints(sealed: Option<&Sealed>) -> Check {
    match sealed {
        Some(Sealed { size, at, .. }) => {
            check("checkpoints", "ok", format!("sealed up to record {size}, at {at}"), None)
        }
        None => {
            let found = "no record is sealed yet".to_owned();
            check("checkpoints", "warning", found, Some("where this lasts, read the daemon's log"))
        }
    }
}

fn paused(until: Timestamp) -> Check {
    let found = format!("nothing is recorded of what agents do until {until}: the user paused it");
    check("pause", "warning", found, Some("`trackwayctl resume` ends it"))
}

/// Returns what is to be said of the configuration: a line for each thing that is wrong.
fn configuration(standing: &Standing) -> Vec<Check> {
    let check = |state, found, fix| check("configuration", state, found, fix);
    let Standing { loaded: Loaded { ignored, files, .. }, waiting, failing } = standing;
    let mut checks = Vec::new();
    if let Some(why) = failing {
        let fix =
            "mend it: it is read again when it changes; until then what was before is in force";
        checks.push(check("failed", why.clone(), Some(fix)));
    }
    if !ignored.is_empty() {
        let fix = "take what the machine decides out of your own file";
        checks.push(check("warning", ignored.join("; "), Some(fix)));
    }
    if !waiting.is_empty() {
        let found = format!("{} changed, and counts from the next start on", waiting.join(", "));
        checks.push(check(
            "warning",
            found,
            Some("restart the daemon: `trackwayctl service restart`"),
        ));
    }
    if checks.is_empty() {
        let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        checks.push(match &files[..] {
            [] => check("ok", "there is no file: the defaults are in force".into(), None),
            files => check("ok", format!("{} in force", files.join(" over ")), None),
        });
    }
    checks
}

fn copies(copies: &Copies, now: Timestamp) -> Check {
    let place = copies.place.display();
    match (copies.trouble(now), copies.last) {
        (Some((since, why)), _) => check(
            "copies",
            "failed",
            format!("no checkpoint can be copied to {place} since {since}: {why}"),
            Some("make the place of checkpoint.copy-to writable, or name another one"),
        ),
        (None, Some(last)) => {
            check("copies", "ok", format!("a checkpoint was copied to {place} at {last}"), None)
        }
        (None, None) => check("copies", "ok", format!("checkpoints are copied to {place}"), None),
    }
}

/// A file that is not there is nothing to be told.
fn zones(file: &ZoneFile) -> Option<Check> {
    let ZoneFile { path, zones, reason, .. } = file;
    match (&file.state[..], reason) {
        ("failing", Some(why)) => {
            let found = format!("{path} cannot be used: {why}; {zones} earlier rules are in force");
            Some(check("zones", "failed", found, Some(super::zones::FIX)))
        }
        ("in-force", _) => {
            Some(check("zones", "ok", format!("{zones} of {path} are in force"), None))
        }
        _ => None,
    }
}

fn agents(agents: &[AgentInstall]) -> Check {
    if agents.is_empty() {
        let found = "no agent was found in PATH or in the usual places".to_owned();
        return check("agents", "ok", found, None);
    }
    let names: BTreeSet<String> = agents
        .iter()
        .map(|agent| {
            format!("{} {}", agent.agent, agent.version.as_deref().unwrap_or("(version unknown)"))
        })
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    check("agents", "ok", names.join(", "), None)
}

fn check(name: &str, state: &str, found: String, fix: Option<&str>) -> Check {
    Check { name: name.into(), state: state.into(), found, fix: fix.map(Into::into) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::LOG_BOUND;

    fn state(tier: &str, state: &str) -> String {
        let status = SourceStatus {
            name: "launches".into(),
            tier: tier.into(),
            state: state.into(),
            reason: "r".into(),
            since: Timestamp::from_ms(0),
        };
        source(&status).state
    }

    #[test]
    fn a_lost_source_fails_and_polling_warns() {
        assert_eq!(state("proc-connector", "active"), "ok");
        assert_eq!(state("proc-connector", "degraded"), "warning");
        assert_eq!(state("poll", "active"), "warning");
        assert_eq!(state("poll", "lost"), "failed");
    }

    #[test]
    fn what_of_the_configuration_does_not_count_is_told_line_by_line() {
        let told = |standing: &Standing| -> Vec<(String, String)> {
            configuration(standing).into_iter().map(|check| (check.state, check.found)).collect()
        };
        let mut standing = Standing::default();
        assert_eq!(told(&standing)[0].1, "there is no file: the defaults are in force");
        standing.loaded.files = vec!["/e".into(), "/u".into()];
        assert_eq!(told(&standing), [("ok".into(), "/e over /u in force".into())]);
        let ignored = "/u, line 2: ledger.keep does not count: /e sets it";
        standing.loaded.ignored.push(ignored.into());
        standing.waiting = vec!["launches.tier", "agents"];
        standing.failing = Some("/u, line 3, is not valid: x".into());
        assert_eq!(
            told(&standing),
            [
                ("failed".into(), "/u, line 3, is not valid: x".into()),
                ("warning".into(), ignored.into()),
                (
                    "warning".into(),
                    "launches.tier, agents changed, and counts from the next start on".into()
                ),
            ]
        );
    }

    #[test]
    fn a_ledger_that_cannot_be_written_says_how_much_waits() {
        let health = Health::Failing {
            since: Timestamp::from_ms(0),
            reason: "disk full".into(),
            waiting: 7,
            dropped: 2,
        };
        let [check] = &ledger(&health, &Condition::default())[..] else { panic!("one check") };
        assert_eq!(check.state, "failed");
        assert!(check.found.contains("7 wait, 2 were dropped"), "{}", check.found);
    }

    #[test]
    fn a_log_that_is_held_damage_and_what_was_set_aside_are_told() {
        let condition = Condition {
            damage: Some("malformed".into()),
            log_bytes: LOG_BOUND + 1,
            set_aside: vec!["/s/set-aside-1".into(), "/s/set-aside-2".into()],
        };
        let checks = ledger(&Health::Ok, &condition);
        let told: Vec<_> =
            checks.iter().map(|check| (&*check.name, &*check.state, &*check.found)).collect();
        assert_eq!(
            told,
            [
                ("ledger", "failed", "it is damaged (malformed)"),
                (
                    "ledger log",
                    "warning",
                    "the write-ahead log has grown to 96 MB: another program reads the ledger and \
                     does not come to an end"
                ),
                (
                    "set aside",
                    "warning",
                    "a damaged ledger was set aside: /s/set-aside-1, /s/set-aside-2"
                ),
            ]
        );
    }
}
