//! The gaps of the last day, explained: what happened, and what can be done where something can.

use std::collections::BTreeMap;

use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::row::{Check, GapRow};

use super::check;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Kinds of gaps that are told; the others are counted.
const MOST: usize = 6;

/// Returns the filter of the day before `now`.
pub(in super::super) fn last_day(now: Timestamp) -> Filter {
    Filter { since_ms: Some(now.ms() - DAY_MS), ..Filter::default() }
}

/// Gaps that have the same cause, as far as they are told apart here.
#[derive(Default)]
struct Alike<'a> {
    count: usize,
    longest_ms: i64,
    lasts: bool,
    last: Option<&'a GapRow>,
}

/// Returns a check for each kind of gap, or one that there was none. `gaps` are none where they could
/// not be asked for: another check tells why.
pub(super) fn checks(gaps: Option<&[GapRow]>, now: Timestamp) -> Vec<Check> {
    let Some(gaps) = gaps else { return Vec::new() };
    let mut kinds: BTreeMap<(u8, &str, &str, bool, &str), Alike<'_>> = BTreeMap::new();
    for gap in gaps {
        let kind = kinds.entry(kind(gap)).or_default();
        let until = gap.until.map_or(now.ms(), Timestamp::ms);
        kind.count += 1;
        kind.longest_ms = kind.longest_ms.max(until.saturating_sub(gap.from.ms()));
        kind.lasts |= gap.until.is_none();
        kind.last = Some(gap);
    }
    if kinds.is_empty() {
        return vec![check("gaps", "ok", "none in the last day".into(), None)];
    }
    let left_out = kinds.len().saturating_sub(MOST);
    let told = kinds.into_values().take(MOST).filter_map(|alike| Some(told(alike.last?, &alike)));
    let mut checks: Vec<_> = told.collect();
    if left_out > 0 {
        let found = format!("{left_out} more kinds in the last day");
        checks.push(check("gaps", "warning", found, Some("see `trackwayctl gaps --since 1d`")));
    }
    checks
}

/// What makes gaps alike, the gravest first: source, state, whether it is of unnamed programs, and
/// where that is what tells them apart, the reason.
fn kind(gap: &GapRow) -> (u8, &str, &str, bool, &str) {
    let grave = match gap.state.as_str() {
        _ if gap.source == "clock" => 2,
        "lost" | "restored" => 0,
        "off" => 3,
        _ => 1,
    };
    let reason = if matches!(gap.source.as_str(), "daemon") { gap.reason.as_str() } else { "" };
    (grave, &gap.source, &gap.state, gap.unnamed.is_some(), reason)
}

fn told(gap: &GapRow, alike: &Alike<'_>) -> Check {
    let many = if alike.count == 1 { String::new() } else { format!("{} times ", alike.count) };
    let long = words(alike.longest_ms);
    let long = match (alike.lasts, alike.count) {
        (true, _) => format!("{long} so far"),
        (false, 1) => long,
        (false, _) => format!("{long} at most"),
    };
    let found = format!("{} was {many}{} ({long}): {}", gap.source, state(gap), gap.reason);
    let is_harmless = matches!(gap.state.as_str(), "off") || gap.source == "clock";
    let is_usual = gap.unnamed.is_some() && gap.missed.is_none();
    let state = if is_harmless || is_usual { "ok" } else { "warning" };
    check("gaps", state, found, fix(gap))
}

fn state(gap: &GapRow) -> &str {
    match gap.state.as_str() {
        "lost" | "restored" if gap.source == "daemon" => "away",
        "restored" if gap.source == "clock" => "changed",
        "lost" | "restored" => "blind",
        other => other,
    }
}

/// Returns what to do about a gap, where something can be done.
fn fix(gap: &GapRow) -> Option<&'static str> {
    match (gap.source.as_str(), gap.state.as_str()) {
        ("daemon", "lost") if gap.reason.contains("killed") => Some(
            "read its log, `journalctl --user -u trackwayd`, for what killed it; where memory was \
             short, allow it more",
        ),
        ("daemon", "lost") if gap.reason.contains("stopped") => {
            Some("have it run with the session: `trackwayctl service install`")
        }
        ("ledger", _) => {
            Some("keep room on the file system of the state directory, and keep it writable")
        }
        ("launches", "lost") => Some("restart the daemon, and read its log if that does not help"),
        ("launches", "restored") => Some(
            "nothing, where it is rare: the process table was looked at after it; where it comes \
             again and again, the machine is too busy for the daemon's priority",
        ),
        ("open-exec", _) if gap.missed.is_some() => {
            Some("see `trackwayctl gaps --since 1d` for which program was run unseen")
        }
        ("changes" | "sessions" | "configuration", "degraded" | "lost") => Some(
            "see `trackwayctl status`; where watches are too few, raise fs.inotify.max_user_watches",
        ),
        _ => None,
    }
}

fn words(ms: i64) -> String {
    match ms.max(0) / 1000 {
        s if s < 60 => format!("{s} s"),
        s if s < 3600 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(source: &str, state: &str, (from, until): (i64, Option<i64>), reason: &str) -> GapRow {
        GapRow {
            seq: 1,
            source: source.into(),
            state: state.into(),
            from: Timestamp::from_ms(from),
            until: until.map(Timestamp::from_ms),
            reason: reason.into(),
            missed: None,
            unit: None,
            unnamed: None,
        }
    }

    fn told(gaps: &[GapRow]) -> Vec<(String, String, bool)> {
        let checks = checks(Some(gaps), Timestamp::from_ms(600_000)).into_iter();
        checks.map(|check| (check.state, check.found, check.fix.is_some())).collect()
    }

    fn line(state: &str, found: &str, has_fix: bool) -> (String, String, bool) {
        (state.into(), found.into(), has_fix)
    }

    #[test]
    fn a_day_without_gaps_says_so() {
        assert_eq!(told(&[]), [line("ok", "none in the last day", false)]);
        assert_eq!(checks(None, Timestamp::from_ms(0)), []);
    }

    #[test]
    fn gaps_of_one_kind_are_one_line_and_the_gravest_comes_first() {
        let unnamed = GapRow {
            unnamed: Some(4),
            ..gap("launches", "degraded", (0, Some(60_000)), "programs of unknown name ended")
        };
        let gaps = [
            gap("clock", "restored", (0, Some(30_000)), "the machine was suspended for 20 s"),
            unnamed.clone(),
            gap("daemon", "lost", (0, Some(120_000)), "the daemon was killed"),
            unnamed,
            gap("daemon", "lost", (200_000, Some(210_000)), "the daemon was killed"),
            gap("launches", "lost", (500_000, None), "the process table cannot be read"),
            gap("daemon", "off", (0, Some(1000)), "the machine was shut down or restarted"),
        ];
        assert_eq!(
            told(&gaps),
            [
                line(
                    "warning",
                    "daemon was 2 times away (2 min at most): the daemon was killed",
                    true
                ),
                line(
                    "warning",
                    "launches was blind (1 min so far): the process table cannot be read",
                    true
                ),
                line(
                    "ok",
                    "launches was 2 times degraded (1 min at most): programs of unknown name ended",
                    false
                ),
                line("ok", "clock was changed (30 s): the machine was suspended for 20 s", false),
                line("ok", "daemon was off (1 s): the machine was shut down or restarted", false),
            ]
        );
    }
}
