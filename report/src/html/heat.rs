//! Activity by weekday and hour, as a map of 7 × 24.

use trackway_protocol::report::Report;

use super::chart::{self, Area, Chart, area, label};
use super::page::Page;
use super::table::{Column, grid, numbers, words};
use crate::words::quarters;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const TITLE: &str = "Activity by weekday and hour";
/// Levels of colour, from nothing on.
const LEVELS: [&str; 5] = ["level-0", "level-1", "level-2", "level-3", "level-4"];
const CELL: u64 = 23;
const LEFT: u64 = 44;
const TOP: u64 = 20;
const COLUMNS: [Column; 25] = [
    words("Day"),
    numbers("0"),
    numbers("1"),
    numbers("2"),
    numbers("3"),
    numbers("4"),
    numbers("5"),
    numbers("6"),
    numbers("7"),
    numbers("8"),
    numbers("9"),
    numbers("10"),
    numbers("11"),
    numbers("12"),
    numbers("13"),
    numbers("14"),
    numbers("15"),
    numbers("16"),
    numbers("17"),
    numbers("18"),
    numbers("19"),
    numbers("20"),
    numbers("21"),
    numbers("22"),
    numbers("23"),
];

pub(super) fn write(page: &mut Page, report: &Report) {
    let most = report.hours.iter().flatten().copied().max().unwrap_or(0);
    if most == 0 {
        return chart::no_figure(page, TITLE, "No activity was recorded in any hour.");
    }
    let chart = Chart {
        id: "chart-hours",
        title: TITLE,
        description: &description(report),
        height: TOP + 7 * CELL + 34,
    };
    chart::figure(page, &chart, |page| draw(page, report, most), |page| tables(page, report));
}

fn description(report: &Report) -> String {
    let mut busiest = (0, 0, 0);
    for (day, hours) in report.hours.iter().enumerate() {
        for (hour, many) in hours.iter().enumerate() {
            if *many > busiest.0 {
                busiest = (*many, day, hour);
            }
        }
    }
    let (many, day, hour) = busiest;
    let day = DAYS.get(day).copied().unwrap_or("?");
    format!(
        "A map of seven days and 24 hours; the darker, the longer agents were active. The first of \
         the busiest hours is {day} {hour}:00, with {} of activity.",
        quarters(many)
    )
}

fn draw(page: &mut Page, report: &Report, most: u64) {
    for hour in (0..24_u64).step_by(3) {
        label(page, "axis", LEFT + hour * CELL, 12, &format!("{hour}:00"));
    }
    for ((at, hours), name) in (0_u64..).zip(&report.hours).zip(DAYS) {
        let y = TOP + at * CELL;
        label(page, "axis", 0, y + 15, name);
        for (hour, many) in (0_u64..).zip(hours) {
            let title = format!("{name} {hour}:00: {}", quarters(*many));
            area(page, level(*many, most), square(LEFT + hour * CELL, y), &title);
        }
    }
    let y = TOP + 7 * CELL + 10;
    label(page, "axis", LEFT, y + 15, "none");
    for (at, class) in (0_u64..).zip(LEVELS) {
        area(page, class, square(LEFT + 40 + at * CELL, y), "");
    }
    label(page, "axis", LEFT + 46 + 5 * CELL, y + 15, &quarters(most));
}

fn square(x: u64, y: u64) -> Area {
    Area { x, y, width: CELL - 3, height: CELL - 3 }
}

/// Returns the colour of so many of the most; something is never shown as nothing.
fn level(many: u64, most: u64) -> &'static str {
    let steps = LEVELS.len() as u64 - 1;
    let level = (u128::from(many) * u128::from(steps)).div_ceil(u128::from(most.max(1)));
    LEVELS[usize::try_from(level).unwrap_or(0).min(LEVELS.len() - 1)]
}

fn tables(page: &mut Page, report: &Report) {
    page.details("Quarter-hours of activity, as a table", |page| {
        grid(page, TITLE, &COLUMNS, report.hours.iter().zip(DAYS), |row, (hours, name)| {
            row.text(name);
            for many in hours {
                row.number(*many);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_never_shown_as_nothing() {
        assert_eq!([0, 1, 2, 3, 4].map(|many| level(many, 4)), LEVELS);
        assert_eq!([0, 1, 100].map(|many| level(many, 100)), [LEVELS[0], LEVELS[1], LEVELS[4]]);
        assert_eq!(level(0, 0), LEVELS[0]);
        assert_eq!(level(u64::MAX, u64::MAX), LEVELS[4]);
    }
}
