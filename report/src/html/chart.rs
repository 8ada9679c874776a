//! What all charts have in common. They are drawn in whole units, and named by classes whose colours
//! the style sheet has, by day and by night. What a chart shows stands in a table beside it as well.

use super::page::Page;

/// How wide a chart is drawn.
pub(super) const WIDTH: u64 = 600;

/// The classes of tokens: their names, and their classes in the style sheet.
pub(super) const CLASSES: [(&str, &str); 4] = [
    ("read from a cache", "cache-read"),
    ("written to a cache", "cache-write"),
    ("other input", "input"),
    ("output", "output"),
];

/// Returns how long `value` is where `most` takes `length`. What is not nothing is to be seen.
pub(super) fn scaled(value: u64, most: u64, length: u64) -> u64 {
    if value == 0 || most == 0 {
        return 0;
    }
    let scaled = u128::from(value) * u128::from(length) / u128::from(most);
    u64::try_from(scaled).unwrap_or(length).clamp(1, length)
}

/// Returns a round number that is no less.
pub(super) fn round_up(value: u64) -> u64 {
    let mut power: u64 = 1;
    while power.saturating_mul(10) < value {
        power = power.saturating_mul(10);
    }
    let steps = [1, 2, 4, 5, 6, 8, 10].map(|step| power.saturating_mul(step));
    steps.into_iter().find(|step| *step >= value).unwrap_or(value)
}

/// A chart: what it is called, what it shows in words, and how high it is.
pub(super) struct Chart<'a> {
    pub(super) id: &'static str,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) height: u64,
}

/// Writes a figure: the chart, then what explains it, and its table.
pub(super) fn figure(
    page: &mut Page,
    chart: &Chart<'_>,
    draw: impl FnOnce(&mut Page),
    below: impl FnOnce(&mut Page),
) {
    page.tag("figure", &[("id", chart.id)], |page| {
        page.leaf("figcaption", &[], chart.title);
        let (title, description) = (format!("{}-title", chart.id), format!("{}-desc", chart.id));
        let attributes = [
            ("class", "chart"),
            ("role", "img"),
            ("viewBox", &*format!("0 0 {WIDTH} {}", chart.height)),
            ("aria-labelledby", &title),
            ("aria-describedby", &description),
        ];
        page.tag("svg", &attributes, |page| {
            page.leaf("title", &[("id", &title)], chart.title);
            page.leaf("desc", &[("id", &description)], chart.description);
            draw(page);
        });
        below(page);
    });
}

/// Writes a figure of which there is nothing to draw.
pub(super) fn no_figure(page: &mut Page, title: &str, why: &str) {
    page.tag("figure", &[], |page| {
        page.leaf("figcaption", &[], title);
        page.leaf("p", &[("class", "none")], why);
    });
}

/// Where something is drawn.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) width: u64,
    pub(super) height: u64,
}

/// Draws a rectangle, which tells what it is when pointed at.
pub(super) fn area(page: &mut Page, class: &str, area: Area, title: &str) {
    let [x, y, width, height] =
        [area.x, area.y, area.width, area.height].map(|number| number.to_string());
    let attributes =
        [("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)];
    page.tag("rect", &attributes, |page| {
        if !title.is_empty() {
            page.leaf("title", &[], title);
        }
    });
}

/// Writes a label into a chart.
pub(super) fn label(page: &mut Page, class: &str, x: u64, y: u64, text: &str) {
    let (x, y) = (x.to_string(), y.to_string());
    page.leaf("text", &[("class", class), ("x", &x), ("y", &y)], text);
}

/// Writes the sign of a class, as a legend has it.
pub(super) fn key(page: &mut Page, class: &str) {
    let attributes = [("class", "key"), ("viewBox", "0 0 12 12"), ("aria-hidden", "true")];
    page.tag("svg", &attributes, |page| {
        area(page, class, Area { x: 0, y: 0, width: 12, height: 12 }, "");
    });
}

/// Writes the legend of the classes of tokens.
pub(super) fn legend(page: &mut Page) {
    page.tag("ul", &[("class", "legend")], |page| {
        for (name, class) in CLASSES {
            page.tag("li", &[], |page| {
                key(page, class);
                page.text(name);
            });
        }
    });
}

/// Draws a small picture of days, beside their sum.
pub(super) fn spark(page: &mut Page, days: &[u64]) {
    let most = days.iter().copied().max().unwrap_or(0);
    let view = format!("0 0 {} 28", days.len() * 10);
    let attributes =
        [("class", "spark"), ("viewBox", &*view), ("preserveAspectRatio", "none"), HIDDEN];
    page.tag("svg", &attributes, |page| {
        for (at, day) in days.iter().enumerate() {
            // A day of nothing is a day.
            let height = scaled(*day, most, 28).max(1);
            let x = at as u64 * 10 + 1;
            area(page, "bar", Area { x, y: 28 - height, width: 8, height }, "");
        }
    });
}

/// Draws a bar in a table's cell.
pub(super) fn cell_bar(page: &mut Page, value: u64, most: u64) {
    let attributes =
        [("class", "cell-bar"), ("viewBox", "0 0 100 4"), ("preserveAspectRatio", "none"), HIDDEN];
    page.tag("svg", &attributes, |page| {
        area(page, "track", Area { x: 0, y: 0, width: 100, height: 4 }, "");
        let width = scaled(value, most, 100);
        area(page, "bar", Area { x: 0, y: 0, width, height: 4 }, "");
    });
}

/// Draws how a whole divides, each part with its class.
pub(super) fn strip(page: &mut Page, parts: &[(&str, u64)]) {
    let all = parts.iter().fold(0, |all: u64, (_, part)| all.saturating_add(*part));
    let attributes =
        [("class", "strip"), ("viewBox", "0 0 1000 12"), ("preserveAspectRatio", "none"), HIDDEN];
    page.tag("svg", &attributes, |page| {
        let mut before: u64 = 0;
        for (class, part) in parts {
            let x = scaled(before, all, 1000);
            before = before.saturating_add(*part);
            // At least so wide that it is seen; what follows is drawn over it.
            let width = (scaled(before, all, 1000) - x).max(4);
            area(page, class, Area { x, y: 0, width, height: 12 }, "");
        }
    });
}

/// What only repeats in a picture what stands beside it.
const HIDDEN: (&str, &str) = ("aria-hidden", "true");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_little_is_not_nothing_and_the_most_is_all() {
        assert_eq!([0, 1, 500, 1000].map(|value| scaled(value, 1000, 100)), [0, 1, 50, 100]);
        assert_eq!(scaled(5, 0, 100), 0);
        assert_eq!(scaled(u64::MAX, u64::MAX, 100), 100);
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let ends = [0, 1, 3, 7, 10, 11, 99, 101, 450_000].map(round_up);
        assert_eq!(ends, [1, 1, 4, 8, 10, 20, 100, 200, 500_000]);
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }
}
