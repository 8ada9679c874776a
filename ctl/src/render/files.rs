//! The table of files.

use std::io::{self, Write};

use trackway_protocol::record::Evidence;
use trackway_protocol::row::FileRow;

use super::table::{Fit, Table};
use super::text::{UNKNOWN, id_length, number, short_id};
use super::{View, clean};

/// From this width on there is room for tool, times and lines.
const WIDE: u16 = 100;

/// Writes the table.
pub(crate) fn write(rows: &[FileRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let wide = view.width.is_none_or(|width| width >= WIDE);
    let mut columns =
        vec![("LAST", Fit::Left), ("HOW", Fit::Left), ("AGENT", Fit::Left), ("SESSION", Fit::Left)];
    if wide {
        columns.extend([("TOOL", Fit::Left), ("TIMES", Fit::Right), ("LINES", Fit::Left)]);
    }
    columns.push(("FILE", Fit::Elide));
    let mut table = Table::new(&columns);
    let length = id_length(rows.iter().filter_map(|row| row.session.as_ref()));
    for row in rows {
        let session = row.session.as_ref();
        let session = session.map(|session| clean(&short_id(session, length)).into_owned());
        let launch = row.launch.map(|launch| short_id(launch, length));
        let mut cells = vec![
            view.ago(row.at).into(),
            how(row).into(),
            clean(&row.agent).into_owned().into(),
            session.or(launch).unwrap_or_else(|| UNKNOWN.into()).into(),
        ];
        if wide {
            cells.extend([
                clean(&row.tool).into_owned().into(),
                number(row.times).into(),
                lines(row).into(),
            ]);
        }
        cells.push(view.path(&row.path).into());
        table.row(cells);
    }
    table.write(view, out)
}

/// Returns how a file was accessed, marked where that is only concluded.
fn how(row: &FileRow) -> String {
    let mark = if row.evidence == Evidence::Inferred { "~" } else { "" };
    format!("{}{mark}", clean(&row.how))
}

/// Returns the lines that were added and removed.
fn lines(row: &FileRow) -> String {
    match (row.lines_added, row.lines_removed) {
        (None, None) => UNKNOWN.into(),
        (added, removed) => {
            let told = |lines: Option<u64>| lines.map_or(UNKNOWN.into(), number);
            format!("+{} -{}", told(added), told(removed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::written;

    fn rows() -> [FileRow; 2] {
        let tool = FileRow {
            path: "/home/ann/src/a-product-with-quite-a-name/and/deeper/file.rs".into(),
            how: "write".into(),
            tool: "Edit".into(),
            agent: "claude".into(),
            session: Some("01a20861-8159-7700-a526-3cdda88b8944".into()),
            launch: None,
            repo: None,
            repo_unknown: None,
            at: "2026-11-23T11:57:00Z".parse().unwrap(),
            first_at: "2026-11-23T11:00:00Z".parse().unwrap(),
            times: 3,
            changed: 0,
            lines_added: Some(1200),
            lines_removed: None,
            evidence: Evidence::Transcript,
        };
        let shell = FileRow {
            path: "/tmp/\u{1b}[2J".into(),
            how: "read".into(),
            tool: "shell".into(),
            lines_added: None,
            evidence: Evidence::Inferred,
            ..tool.clone()
        };
        [tool, shell]
    }

    #[test]
    fn what_is_concluded_is_marked_and_the_table_fits_80_columns() {
        let table = written(|out| write(&rows(), &View::plain(), out));
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
        assert!(table.contains("write  claude") && table.contains("read~  claude"), "{table}");
        assert!(!table.contains('\u{1b}'), "{table}");
    }

    #[test]
    fn where_there_is_room_tools_and_lines_are_shown() {
        let table = written(|out| write(&rows(), &View::piped(), out));
        assert!(table.contains("Edit       3  +1,200 -?"), "{table}");
        assert!(table.contains("shell      3  ?"), "{table}");
    }
}
