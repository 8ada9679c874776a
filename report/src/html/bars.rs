//! Bars that lie below their names, the longest first.

use unicode_width::UnicodeWidthStr as _;

use super::chart::{Area, WIDTH, area, label, scaled};
use super::page::Page;
use crate::clean::{clean, pieces};

/// One bar, with its parts from the left.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) parts: Vec<(&'static str, u64)>,
}

/// More bars than these are a table, not a picture.
pub(super) const MOST: usize = 10;
const ROW: u64 = 40;
/// Columns of a name that there is room for beside its value.
const NAME: usize = 56;

/// Returns how high so many bars are.
pub(super) fn height(bars: usize) -> u64 {
    bars as u64 * ROW
}

/// Draws the bars.
pub(super) fn draw(page: &mut Page, bars: &[Bar]) {
    let sum = |bar: &Bar| bar.parts.iter().fold(0, |sum: u64, (_, part)| sum.saturating_add(*part));
    let most = bars.iter().map(sum).max().unwrap_or(0);
    for (at, bar) in bars.iter().enumerate() {
        let y = at as u64 * ROW;
        page.tag("g", &[], |page| {
            page.leaf("title", &[], &format!("{}: {}", bar.name, bar.value));
            label(page, "name", 0, y + 14, &fit(&bar.name));
            label(page, "value end", WIDTH, y + 14, &bar.value);
            area(page, "track", Area { x: 0, y: y + 20, width: WIDTH, height: 11 }, "");
            let mut before: u64 = 0;
            for (class, part) in &bar.parts {
                let x = scaled(before, most, WIDTH);
                before = before.saturating_add(*part);
                let width = scaled(before, most, WIDTH) - x;
                area(page, class, Area { x, y: y + 20, width, height: 11 }, "");
            }
        });
    }
}

/// Returns the end of a name that is too long for a picture; its begin is what most have in common.
fn fit(name: &str) -> String {
    let name = clean(name);
    if name.width() <= NAME {
        return name.into_owned();
    }
    let mut kept = Vec::new();
    let mut width = 1;
    for piece in pieces(&name).into_iter().rev() {
        width += piece.width();
        if width > NAME {
            break;
        }
        kept.push(piece);
    }
    kept.push("…");
    kept.reverse();
    kept.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_end_and_no_half_of_an_escape() {
        assert_eq!(fit("github.com/example/harbour"), "github.com/example/harbour");
        let fitted = fit(&format!("/{}/\x1b/src", "a".repeat(NAME)));
        assert!(fitted.starts_with("…a") && fitted.ends_with("/\\x1b/src"), "{fitted}");
        assert_eq!(fitted.width(), NAME);
        let fitted = fit(&format!("a\u{202e}{}", "b".repeat(NAME - 3)));
        assert_eq!(fitted, format!("…{}", "b".repeat(NAME - 3)));
    }
}
