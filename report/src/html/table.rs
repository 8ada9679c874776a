//! Tables. On a narrow screen each row becomes a block of its own, where every value stands beside the
//! name of its column.

use std::slice;

use super::page::Page;
use crate::words::number;

/// A column: its name, and the class of its cells.
pub(super) struct Column {
    name: &'static str,
    class: &'static str,
}

/// Returns a column of words.
pub(super) const fn words(name: &'static str) -> Column {
    Column { name, class: "words" }
}

/// Returns a column of short words, which are never broken.
pub(super) const fn short(name: &'static str) -> Column {
    Column { name, class: "short" }
}

/// Returns a column of paths and the like, which are as long as they like and may break anywhere.
pub(super) const fn long(name: &'static str) -> Column {
    Column { name, class: "long" }
}

/// Returns a column of numbers.
pub(super) const fn numbers(name: &'static str) -> Column {
    Column { name, class: "number" }
}

/// One row as it is written, cell by cell in the order of the columns.
pub(super) struct Row<'a> {
    page: &'a mut Page,
    columns: slice::Iter<'a, Column>,
    is_first: bool,
}

/// Writes a table that is wide, and whose rows become blocks where there is no room.
pub(super) fn table<T>(
    page: &mut Page,
    label: &str,
    columns: &[Column],
    rows: impl IntoIterator<Item = T>,
    row: impl FnMut(&mut Row<'_>, T),
) {
    write(page, "stacked", label, columns, rows, row);
}

/// Writes a table that stays one, and scrolls within its own box where there is no room.
pub(super) fn grid<T>(
    page: &mut Page,
    label: &str,
    columns: &[Column],
    rows: impl IntoIterator<Item = T>,
    row: impl FnMut(&mut Row<'_>, T),
) {
    write(page, "grid", label, columns, rows, row);
}

fn write<T>(
    page: &mut Page,
    class: &str,
    label: &str,
    columns: &[Column],
    rows: impl IntoIterator<Item = T>,
    mut row: impl FnMut(&mut Row<'_>, T),
) {
    // What scrolls must be reachable with the keyboard.
    let scroll =
        [("class", "scroll"), ("role", "region"), ("aria-label", label), ("tabindex", "0")];
    page.tag("div", &scroll, |page| {
        page.tag("table", &[("class", class), ("aria-label", label)], |page| {
            page.tag("thead", &[], |page| {
                page.tag("tr", &[], |page| {
                    for column in columns {
                        let attributes = [("scope", "col"), ("class", column.class)];
                        page.leaf("th", &attributes, column.name);
                    }
                });
            });
            page.tag("tbody", &[], |page| {
                for item in rows {
                    page.tag("tr", &[], |page| {
                        row(&mut Row { page, columns: columns.iter(), is_first: true }, item);
                    });
                }
            });
        });
    });
}

impl Row<'_> {
    /// Writes the next cell.
    pub(super) fn cell(&mut self, inside: impl FnOnce(&mut Page)) {
        let Some(column) = self.columns.next() else { return };
        let (class, label) = (("class", column.class), ("data-label", column.name));
        if std::mem::take(&mut self.is_first) {
            self.page.tag("th", &[("scope", "row"), class, label], inside);
        } else {
            self.page.tag("td", &[class, label], inside);
        }
    }

    /// Writes a cell of text.
    pub(super) fn text(&mut self, text: &str) {
        self.cell(|page| page.text(text));
    }

    /// Writes a cell of a number, without abbreviation.
    pub(super) fn number(&mut self, many: u64) {
        self.text(&number(many));
    }

    /// Writes a cell of captured text.
    pub(super) fn code(&mut self, text: &str) {
        self.cell(|page| page.code(text));
    }

    /// Writes a cell of captured text, or that it is not known.
    pub(super) fn code_or_unknown(&mut self, text: Option<&str>) {
        self.cell(|page| page.code_or_unknown(text));
    }

    /// Writes a cell of text, or that it is not known.
    pub(super) fn text_or_unknown(&mut self, text: Option<&str>) {
        self.cell(|page| match text {
            Some(text) => page.text(text),
            None => page.unknown(),
        });
    }

    /// Writes a cell of several things, one below the other.
    pub(super) fn codes<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        self.cell(|page| {
            let mut is_any = false;
            for text in texts {
                page.tag("div", &[], |page| page.code(text));
                is_any = true;
            }
            if !is_any {
                page.leaf("span", &[("class", "unknown")], "none");
            }
        });
    }
}
