//! What the daemon itself finds when it is asked for its health: one fact, one line.

use std::collections::BTreeSet;

use trackway_protocol::ids::Timestamp;
use trackway_protocol::row::{AgentInstall, Check, GapRow, SourceStatus};

use super::Sight;
use crate::pipeline::misread::Misread;
use crate::store::Health;

mod gaps;

pub(super) use gaps::last_day;

/// Returns the daemon's checks; `gaps` are those of the last day, where they could be asked for.
pub(super) fn checks(sight: &Sight, gaps: Option<&[GapRow]>, now: Timestamp) -> Vec<Check> {
    let snapshot = sight.snapshot.borrow();
    let mut checks: Vec<Check> = snapshot.sources.iter().map(source).collect();
    checks.push(ledger(&sight.health.borrow()));
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

fn ledger(health: &Health) -> Check {
    match health {
        Health::Ok => check("ledger", "ok", "records are written durably".into(), None),
        Health::Failing { since, reason, waiting, dropped } => check(
            "ledger",
            "failed",
            format!(
                "no record can be written since {since}: {reason}; {waiting} wait, {dropped} were dropped"
            ),
            Some("make room on the file system of the state directory, or make it writable"),
        ),
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
    fn a_ledger_that_cannot_be_written_says_how_much_waits() {
        let health = Health::Failing {
            since: Timestamp::from_ms(0),
            reason: "disk full".into(),
            waiting: 7,
            dropped: 2,
        };
        let check = ledger(&health);
        assert_eq!(check.state, "failed");
        assert!(check.found.contains("7 wait, 2 were dropped"), "{}", check.found);
    }
}
