//! Tables without lines, as wide as the terminal and no wider.

use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use comfy_table::{
    Attribute, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table as Layout, Width,
};
use unicode_width::UnicodeWidthStr as _;

use super::View;
use super::text::{elide, elide_apart};

/// Columns between two columns.
const GAP: usize = 2;
/// What a column that gives way is never squeezed below.
const LEAST: usize = 10;

/// How a column fits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// As wide as its text, aligned to the left.
    Left,
    /// As wide as its text, aligned to the right.
    Right,
    /// Takes what is left, and loses the middle of its text where that is too little.
    Elide,
    /// Takes what is left, and wraps.
    Wrap,
}

/// What a cell's colour says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Good,
    Warning,
    Bad,
    Faint,
}

/// One cell: clean text and its tone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
    elides: bool,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl Cell {
    /// Returns a cell with a tone.
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone, elides: false }
    }

    /// Returns the cell as one that loses the middle of its text even where its column wraps.
    pub(crate) fn elided(self) -> Self {
        Self { elides: true, ..self }
    }
}

/// Rows below a header; without titles, just rows. At most one column gives way.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Fit)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Returns an empty table.
    pub(crate) fn new(columns: &[(&'static str, Fit)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Returns an empty list of labels and what they label.
    pub(crate) fn list() -> Self {
        Self::new(&[("", Fit::Left), ("", Fit::Wrap)])
    }

    /// Adds a row; its text must be clean.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Adds a label and what it labels.
    pub(crate) fn item(&mut self, label: &str, text: impl Into<Cell>) {
        self.row([Cell::toned(label, Tone::Faint), text.into()]);
    }

    /// Writes the table for `view`.
    pub(crate) fn write(&self, view: &View, out: &mut impl Write) -> io::Result<()> {
        let room = view.width.map(|width| self.room(usize::from(width)));
        let mut layout = Layout::new();
        layout.load_style(comfy_table::presets::NOTHING);
        if view.colour {
            layout.enforce_styling();
            // Coloured padding could not be trimmed.
            layout.style_text_only();
        } else {
            layout.force_no_tty();
        }
        layout.set_content_arrangement(ContentArrangement::Disabled);
        if self.columns.iter().any(|(title, _)| !title.is_empty()) {
            layout.set_header(
                self.columns
                    .iter()
                    .map(|(title, _)| comfy_table::Cell::new(title).add_attribute(Attribute::Bold)),
            );
        }
        let short = self.elided(room);
        for (row, short) in self.rows.iter().zip(&short) {
            layout.add_row(row.iter().zip(&self.columns).map(|(cell, (_, fit))| match fit {
                Fit::Elide => cell.laid_out(short),
                Fit::Wrap if cell.elides => {
                    cell.laid_out(&elide(&cell.text, room.unwrap_or(usize::MAX)))
                }
                _ => cell.laid_out(&cell.text),
            }));
        }
        self.arrange(&mut layout, view, room);
        for line in layout.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn arrange(&self, layout: &mut Layout, view: &View, room: Option<usize>) {
        let last = self.columns.len() - 1;
        for (index, (_, fit)) in self.columns.iter().enumerate() {
            let gap = if index == last { 0 } else { GAP };
            let column = layout.column_mut(index).expect("a table has the columns of its rows");
            column.set_padding((0, u16::try_from(gap).expect("a gap is small")));
            if *fit == Fit::Right {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if let (Fit::Wrap, Some(room)) = (fit, room) {
                let room = u16::try_from(room).unwrap_or(u16::MAX);
                column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(room)));
            }
        }
        if let (true, Some(width)) = (self.columns.iter().any(|(_, f)| *f == Fit::Wrap), view.width)
        {
            layout.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
    }

    /// Returns the text of each row's cell that loses some of it, if there is one.
    fn elided(&self, room: Option<usize>) -> Vec<String> {
        let column = self.columns.iter().position(|(_, fit)| *fit == Fit::Elide);
        let text = |row: &Vec<Cell>| column.and_then(|column| Some(row.get(column)?.text.clone()));
        let texts: Vec<_> = self.rows.iter().map(|row| text(row).unwrap_or_default()).collect();
        room.map_or_else(|| texts.clone(), |room| elide_apart(&texts, room))
    }

    /// Returns how many columns are left for the one that gives way.
    fn room(&self, width: usize) -> usize {
        let gaps = GAP * (self.columns.len() - 1);
        let rigid: usize = (0..self.columns.len())
            .filter(|index| matches!(self.columns[*index].1, Fit::Left | Fit::Right))
            .map(|index| self.widest(index))
            .sum();
        width.saturating_sub(rigid + gaps).max(LEAST)
    }

    fn widest(&self, index: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(index));
        cells.map(|cell| cell.text.width()).max().unwrap_or(0).max(self.columns[index].0.width())
    }
}

impl Cell {
    fn laid_out(&self, text: &str) -> comfy_table::Cell {
        let cell = comfy_table::Cell::new(text);
        match self.tone {
            Tone::Plain => cell,
            Tone::Good => cell.fg(Color::DarkGreen),
            Tone::Warning => cell.fg(Color::DarkYellow),
            Tone::Bad => cell.fg(Color::DarkRed),
            Tone::Faint => cell.add_attribute(Attribute::Dim),
        }
    }
}

/// Returns `text` as a line apart from tables: bold, where colour may be written.
pub(crate) fn bold(view: &View, text: &str) -> String {
    styled(view, text, Style::new().effects(Effects::BOLD))
}

/// Returns `text` as a line apart from tables, with its tone where colour may be written.
pub(crate) fn toned(view: &View, text: &str, tone: Tone) -> String {
    let style = match tone {
        Tone::Plain => Style::new(),
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Warning => AnsiColor::Yellow.on_default(),
        Tone::Bad => AnsiColor::Red.on_default(),
        Tone::Faint => Style::new().effects(Effects::DIMMED),
    };
    styled(view, text, style)
}

fn styled(view: &View, text: &str, style: Style) -> String {
    if view.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::written;

    fn shown(view: &View, fit: Fit) -> String {
        let mut table = Table::new(&[("ID", Fit::Left), ("N", Fit::Right), ("WHERE", fit)]);
        table.row(["a".into(), "1,000".into(), "~/src/one/two/three four five".into()]);
        table.row(["bb".into(), "2".into(), "x".into()]);
        written(|out| table.write(view, out))
    }

    fn narrow() -> View {
        View { width: Some(28), ..View::plain() }
    }

    #[test]
    fn a_narrow_terminal_takes_the_middle_of_a_path() {
        assert_eq!(
            shown(&narrow(), Fit::Elide),
            "ID      N  WHERE\n\
             a   1,000  ~/…hree four five\n\
             bb      2  x\n"
        );
    }

    #[test]
    fn a_narrow_terminal_wraps_sentences() {
        assert_eq!(
            shown(&narrow(), Fit::Wrap),
            "ID      N  WHERE\n\
             a   1,000  ~/src/one/two/thr\n\
             \x20          ee four five\n\
             bb      2  x\n"
        );
    }

    #[test]
    fn a_path_among_sentences_loses_its_middle() {
        let mut table = Table::list();
        table.item("state", Cell::from("~/src/one/two/three four five").elided());
        assert_eq!(written(|out| table.write(&narrow(), out)), "state  ~/…/three four five\n");
        assert_eq!(
            written(|out| table.write(&View::piped(), out)),
            "state  ~/src/one/two/three four five\n"
        );
    }

    #[test]
    fn nothing_is_cut_where_there_is_no_terminal() {
        for fit in [Fit::Elide, Fit::Wrap] {
            assert_eq!(
                shown(&View::piped(), fit),
                "ID      N  WHERE\n\
                 a   1,000  ~/src/one/two/three four five\n\
                 bb      2  x\n"
            );
        }
    }

    #[test]
    fn colour_is_written_only_where_it_may_be() {
        let mut table = Table::list();
        table.item("state", Cell::toned("ok", Tone::Good));
        let coloured = View { colour: true, ..View::plain() };
        assert!(written(|out| table.write(&coloured, out)).contains("\x1b["));
        assert_eq!(written(|out| table.write(&View::plain(), out)), "state  ok\n");
    }
}
