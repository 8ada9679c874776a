//! What a check looked at and found, and what is not known: in a sentence that says no more than that.
//!
//! It never says that no agent was there. That no touch was recorded is all that can be known.

use trackway_protocol::row::ZoneCheckedRow;

use crate::render::View;
use crate::render::clean;
use crate::render::text::{count, wrapped};
use crate::render::time::duration;

/// What was asked, and how much was found of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found<'a> {
    pub(crate) touches: u64,
    /// How many more there are that somebody acknowledged; nothing where those count as well.
    pub(crate) passed_over: Option<u64>,
    pub(crate) places: &'a [String],
    pub(crate) agent: Option<&'a str>,
}

/// Returns the sentence.
pub(crate) fn sentence(row: &ZoneCheckedRow, found: Found<'_>, view: &View) -> String {
    let what = match (found.touches, found.passed_over) {
        (0, None) => "No touch of a zone was recorded".to_owned(),
        (0, Some(_)) => "No touch of a zone that nobody has acknowledged was recorded".to_owned(),
        (1, _) => "1 touch of a zone was recorded".to_owned(),
        (touches, _) => format!("{} of zones were recorded", count(touches, "touch", "touches")),
    };
    let place = match found.places {
        [] => String::new(),
        [place] => format!(" in {}", view.path(place)),
        places => format!(" in {}", count(places.len() as u64, "place", "places")),
    };
    let agent = found.agent.map(|agent| format!(" by {}", clean(agent))).unwrap_or_default();
    let (from, until) = (view.minute(row.from), view.minute(row.until));
    let passed_over = found.passed_over.filter(|passed| *passed > 0);
    let passed_over = passed_over
        .map(|passed| format!("{} acknowledged", count(passed, "touch is", "touches are")));
    let zones = match row.zones {
        0 => NO_RULE.to_owned(),
        zones => count(zones, "zone", "zones"),
    };
    let parts = passed_over.into_iter().chain([zones, recorded(row)]).chain(not_told(row, view));
    let parts = parts.collect::<Vec<_>>().join("; ");
    wrapped(&format!("{what}{place}{agent} from {from} to {until}: {parts}."), view.width)
}

const NO_RULE: &str = "no rule is in force";
const NOTHING_RECORDED: &str = "nothing was recorded of that time";

/// Returns everything for which it is not certain that there was no touch.
pub(crate) fn uncertain(row: &ZoneCheckedRow, view: &View) -> Vec<String> {
    let time = |ms: u64, what: &str| (ms > 0).then(|| format!("{what} {}", duration(ms)));
    let first = [
        (row.zones == 0).then(|| NO_RULE.to_owned()),
        (range(row) == 0).then(|| NOTHING_RECORDED.to_owned()),
        time(row.blind_ms, "blind"),
        time(row.unrecorded_ms, "before the first start"),
    ];
    let mut all: Vec<_> = first.into_iter().flatten().collect();
    all.extend(not_told(row, view));
    all.extend(row.outside.iter().map(|place| format!("{} lies in no zone", view.path(place))));
    all
}

/// Says of each place outside of every zone that it is.
pub(crate) fn outside(row: &ZoneCheckedRow, view: &View) -> Vec<String> {
    let place = |place: &String| view.path(place);
    let told = |place: String| format!("{place} itself lies in no zone");
    row.outside.iter().map(place).map(told).collect()
}

/// Returns how much of the range was recorded.
fn recorded(row: &ZoneCheckedRow) -> String {
    let range = range(row);
    let unseen = row.blind_ms.saturating_add(row.unrecorded_ms).min(range);
    if unseen == range {
        return NOTHING_RECORDED.into();
    }
    // Rounded down: where anything was missed it is never all.
    let tenths = u128::from(range - unseen) * 1000 / u128::from(range);
    let mut text = format!("recorded {}.{} % of the time", tenths / 10, tenths % 10);
    for (ms, what) in [
        (row.blind_ms, "blind"),
        (row.unrecorded_ms, "before the first start"),
        (row.degraded_ms, "with less than full sight"),
        (row.off_ms, "off"),
    ] {
        if ms > 0 {
            text += &format!(", {what} {}", duration(ms));
        }
    }
    text
}

/// Returns for how long the machine was on.
fn range(row: &ZoneCheckedRow) -> u64 {
    let range = u64::try_from(row.until.ms().saturating_sub(row.from.ms())).unwrap_or(0);
    range.saturating_sub(row.off_ms)
}

/// Returns what witnesses did not tell, other than that they were blind.
fn not_told(row: &ZoneCheckedRow, view: &View) -> Vec<String> {
    let some = |many: u64, text: String| (many > 0).then_some(text);
    let calls = count(row.unresolved_calls, "shell call", "shell calls");
    let repos = count(row.unknown_repos, "place", "places");
    let missed = match row.missed {
        Some(missed) => {
            let launches = count(missed, "launch", "launches");
            some(missed, format!("{launches} could not be named"))
        }
        None => Some("how many launches were missed is not known".into()),
    };
    let told = [
        missed,
        some(row.unresolved_calls, format!("{calls} could not be read")),
        some(row.unknown_repos, format!("the repository of {repos} is not known")),
        row.reading.then(|| "not all older session files are read".into()),
    ];
    let failing = row.failing.iter().map(|why| {
        let why = view.path(why);
        format!("rules cannot be used: {}", why.trim_end_matches('.'))
    });
    told.into_iter().flatten().chain(failing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> ZoneCheckedRow {
        ZoneCheckedRow {
            checked: true,
            from: "2026-11-22T12:00:00Z".parse().unwrap(),
            until: "2026-11-23T12:00:00Z".parse().unwrap(),
            zones: 3,
            missed: Some(0),
            ..ZoneCheckedRow::default()
        }
    }

    fn told(row: &ZoneCheckedRow, found: Found<'_>) -> String {
        sentence(row, found, &View::piped())
    }

    #[test]
    fn where_all_is_known_no_more_is_said() {
        assert_eq!(
            told(&row(), Found::default()),
            "No touch of a zone was recorded from Nov 22 12:00 to Nov 23 12:00: 3 zones; recorded \
             100.0 % of the time."
        );
        assert_eq!(uncertain(&row(), &View::plain()), [""; 0]);
    }

    #[test]
    fn what_is_not_known_is_named() {
        let row = ZoneCheckedRow {
            blind_ms: 720_000,
            degraded_ms: 60_000,
            unrecorded_ms: 3000,
            unresolved_calls: 4,
            unknown_repos: 1,
            missed: None,
            reading: true,
            failing: vec!["/home/ann/z.toml: line 3: x.".into()],
            outside: vec!["/home/ann/y".into()],
            ..row()
        };
        let places = ["/home/ann/x".to_owned()];
        let found = Found { places: &places, agent: Some("codex"), ..Found::default() };
        assert_eq!(
            sentence(&row, found, &View::plain()),
            "No touch of a zone was recorded in ~/x by codex from Nov 22 12:00 to Nov 23\n\
             12:00: 3 zones; recorded 99.1 % of the time, blind 12m 0s, before the first\n\
             start 3.0s, with less than full sight 1m 0s; how many launches were missed is\n\
             not known; 4 shell calls could not be read; the repository of 1 place is not\n\
             known; not all older session files are read; rules cannot be used: ~/z.toml:\n\
             line 3: x."
        );
        assert_eq!(
            uncertain(&row, &View::plain()),
            [
                "blind 12m 0s",
                "before the first start 3.0s",
                "how many launches were missed is not known",
                "4 shell calls could not be read",
                "the repository of 1 place is not known",
                "not all older session files are read",
                "rules cannot be used: ~/z.toml: line 3: x",
                "~/y lies in no zone",
            ]
        );
        let outside = outside(&row, &View::plain());
        assert_eq!(outside, ["~/y itself lies in no zone"]);
    }

    #[test]
    fn less_than_full_sight_alone_is_said_and_is_not_uncertain() {
        let polled = ZoneCheckedRow { degraded_ms: 86_400_000, ..row() };
        let text = told(&polled, Found::default());
        assert!(text.ends_with("100.0 % of the time, with less than full sight 1d 0h."), "{text}");
        assert_eq!(uncertain(&polled, &View::plain()), [""; 0]);
    }

    #[test]
    fn without_rules_or_records_there_is_nothing_to_be_certain_of() {
        let empty = ZoneCheckedRow { until: row().from, zones: 0, missed: Some(2), ..row() };
        let reasons = [NO_RULE, NOTHING_RECORDED, "2 launches could not be named"];
        assert_eq!(uncertain(&empty, &View::plain()), reasons);
        let text = told(&empty, Found::default());
        assert!(text.ends_with(&format!(": {}.", reasons.join("; "))), "{text}");
    }

    #[test]
    fn touches_are_counted_and_those_passed_over_are_told() {
        let places = ["/a".to_owned(), "/b".to_owned()];
        let found = Found { touches: 2, places: &places, ..Found::default() };
        let text = told(&row(), found);
        assert!(text.starts_with("2 touches of zones were recorded in 2 places from "), "{text}");
        let found = Found { touches: 1, ..Found::default() };
        assert!(told(&row(), found).starts_with("1 touch of a zone was recorded from "));
        let found = Found { passed_over: Some(1), ..Found::default() };
        let text = told(&row(), found);
        let nobody = "No touch of a zone that nobody has acknowledged was recorded from ";
        assert!(text.starts_with(nobody) && text.contains(": 1 touch is acknowledged; 3 zones"));
    }
}
