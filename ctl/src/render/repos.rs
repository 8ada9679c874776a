//! The table of repositories.

use std::io::{self, Write};

use trackway_protocol::row::RepoRow;

use super::dirs::how;
use super::table::{Fit, Table};
use super::text::number;
use super::{View, clean};

/// From this width on there is room for how they were touched.
const WIDE: u16 = 100;

/// Writes the table.
pub(crate) fn write(rows: &[RepoRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let wide = view.width.is_none_or(|width| width >= WIDE);
    let mut columns = vec![
        ("LAST", Fit::Left),
        ("LAUNCHES", Fit::Right),
        ("DIRS", Fit::Right),
        ("AGENTS", Fit::Left),
        ("REPOSITORY", Fit::Elide),
    ];
    if wide {
        columns.insert(4, ("HOW", Fit::Left));
        columns.insert(5, ("CLONES", Fit::Right));
    }
    let mut table = Table::new(&columns);
    for row in rows {
        let mut cells = vec![
            view.ago(row.last_at).into(),
            number(row.launches).into(),
            number(row.dirs).into(),
            clean(&row.agents.join(", ")).into_owned().into(),
            view.path(&row.id).into(),
        ];
        if wide {
            cells.insert(4, how(&row.how, view).into());
            cells.insert(5, number(row.roots.len() as u64).into());
        }
        table.row(cells);
    }
    table.write(view, out)
}

#[cfg(test)]
mod tests {
    use trackway_protocol::record::{Evidence, Repo};

    use super::*;
    use crate::render::written;

    fn rows() -> [RepoRow; 2] {
        let first = RepoRow {
            id: "github.com/acme/a-product-with-quite-a-name".into(),
            repo: Repo { root: "/home/ann/src/product".into(), ..Repo::default() },
            roots: vec!["/home/ann/src/product".into(), "/home/ann/fix".into()],
            agents: vec!["claude".into(), "codex".into()],
            how: ["command", "launch"].map(Into::into).to_vec(),
            first_at: "2026-11-16T12:00:00Z".parse().unwrap(),
            last_at: "2026-11-23T11:57:00Z".parse().unwrap(),
            dirs: 41,
            launches: 1234,
            sessions: None,
            evidence: Evidence::Kernel,
        };
        let second = RepoRow {
            id: "/home/ann/notes\u{202e}".into(),
            agents: vec!["claude".into()],
            roots: vec!["/home/ann/notes".into()],
            dirs: 1,
            launches: 1,
            ..first.clone()
        };
        [first, second]
    }

    #[test]
    fn the_table_fits_80_columns() {
        assert_eq!(
            written(|out| write(&rows(), &View::plain(), out)),
            "\
LAST       LAUNCHES  DIRS  AGENTS         REPOSITORY
3 min ago     1,234    41  claude, codex  github.com/…-product-with-quite-a-name
3 min ago         1     1  claude         ~/notes\\u{202e}
"
        );
    }

    #[test]
    fn where_there_is_room_it_is_told_how_they_were_touched() {
        assert_eq!(
            written(|out| write(&rows(), &View::piped(), out)),
            "\
LAST       LAUNCHES  DIRS  AGENTS         HOW              CLONES  REPOSITORY
3 min ago     1,234    41  claude, codex  command, launch       2  github.com/acme/a-product-with-quite-a-name
3 min ago         1     1  claude         command, launch       1  ~/notes\\u{202e}
"
        );
    }
}
