//! Tables whose columns line up raw as well. What may be long comes last in a row.

use unicode_width::UnicodeWidthStr as _;

use super::page::Page;
use super::text::HELD;

/// So wide may a table be for its last column to be filled up.
const WIDTH: usize = 80;

/// A column, by its name.
#[derive(Clone, Copy)]
pub(super) enum Column {
    /// Words.
    Words(&'static str),
    /// Numbers, which end where the column does.
    Numbers(&'static str),
}

use Column::{Numbers, Words};

impl Column {
    fn name(self) -> &'static str {
        match self {
            Words(name) | Numbers(name) => name,
        }
    }

    fn filled(self, cell: &str, width: usize) -> String {
        let blanks = " ".repeat(width.saturating_sub(cell.width()));
        match self {
            Words(_) => format!("{cell}{blanks}"),
            Numbers(_) => format!("{blanks}{cell}"),
        }
    }

    fn rule(self, width: usize) -> String {
        match self {
            Words(_) => "-".repeat(width),
            Numbers(_) => format!("{}:", "-".repeat(width - 1)),
        }
    }
}

/// Writes a table.
pub(super) fn table(page: &mut Page, columns: &[Column], rows: &[Vec<String>]) {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
            cells.chain([column.name().width(), 3]).max().unwrap_or(3)
        })
        .collect();
    let is_wide = widths.iter().map(|width| width + 3).sum::<usize>() + 1 > WIDTH;
    if let (true, Some(last), Some(column)) = (is_wide, widths.last_mut(), columns.last()) {
        *last = column.name().width().max(3);
    }
    let line = |cells: &[String]| {
        let filled = columns.iter().zip(&widths).zip(cells);
        let filled: Vec<String> =
            filled.map(|((column, width), cell)| column.filled(cell, *width)).collect();
        format!("| {} |", filled.join(" | "))
    };
    let names: Vec<String> = columns.iter().map(|column| column.name().to_owned()).collect();
    let rules: Vec<String> =
        columns.iter().zip(&widths).map(|(column, width)| column.rule(*width)).collect();
    let mut lines = vec![line(&names), line(&rules)];
    lines.extend(rows.iter().map(|row| line(row)));
    page.lines(&lines);
}

/// Returns what can stand in a cell. A bar that was captured is shown as an escape: readers do not agree
/// on which backslashes keep one from ending the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\x7c").replace(HELD, " ")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::super::text::code;
    use super::*;

    #[test]
    fn columns_line_up_and_bars_do_not_end_a_cell() {
        let mut page = Page::new(TimeZone::UTC);
        let rows = [vec!["7".into(), code("a|b")], vec!["1,234".into(), code("日本")]];
        table(&mut page, &[Numbers("Many"), Words("Place")], &rows);
        assert_eq!(
            page.finish(),
            "|  Many | Place    |\n| ----: | -------- |\n|     7 | `a\\x7cb` |\n| 1,234 | `日本`   |\n"
        );
    }
}
