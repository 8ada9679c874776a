//! The table of directories.

use std::io::{self, Write};

use trackway_protocol::row::DirRow;

use super::table::{Fit, Table};
use super::text::{NOT_APPLICABLE, UNKNOWN, number};
use super::{View, clean};

/// From this width on there is room for the repository.
const WIDE: u16 = 100;
/// Below this width there is no room for how.
const NARROW: u16 = 72;
/// How many characters of `how` a narrow table shows.
const HOW: usize = 16;

/// Writes the table.
pub(crate) fn write(rows: &[DirRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let wide = view.width.is_none_or(|width| width >= WIDE);
    let narrow = view.width.is_some_and(|width| width < NARROW);
    let mut columns = vec![
        ("LAST", Fit::Left),
        ("LAUNCHES", Fit::Right),
        ("AGENTS", Fit::Left),
        ("HOW", Fit::Left),
        ("DIRECTORY", Fit::Elide),
    ];
    if wide {
        columns.insert(4, ("REPOSITORY", Fit::Left));
    } else if narrow {
        columns.remove(3);
    }
    let mut table = Table::new(&columns);
    for row in rows {
        let mut cells = vec![
            view.ago(row.last_at).into(),
            number(row.launches).into(),
            clean(&row.agents.join(", ")).into_owned().into(),
            how(&row.how, view).into(),
            view.path(&row.dir).into(),
        ];
        if wide {
            cells.insert(4, repository(row).into());
        } else if narrow {
            cells.remove(3);
        }
        table.row(cells);
    }
    table.write(view, out)
}

/// Returns the ways of touching, with a count of those that a narrow table has no room for.
pub(super) fn how(ways: &[String], view: &View) -> String {
    let mut shown = String::new();
    for (index, way) in ways.iter().enumerate() {
        let way = clean(way);
        if index > 0 {
            if view.width.is_some() && shown.len() + way.len() > HOW {
                return format!("{shown} +{}", ways.len() - index);
            }
            shown += ", ";
        }
        shown += &way;
    }
    shown
}

/// Returns the repository's name.
fn repository(row: &DirRow) -> String {
    match (&row.repo, &row.repo_unknown) {
        (Some(repo), _) => {
            let name = repo.root.rsplit('/').find(|name| !name.is_empty());
            clean(name.unwrap_or(&repo.root)).into_owned()
        }
        (None, Some(_)) => UNKNOWN.into(),
        (None, None) => NOT_APPLICABLE.into(),
    }
}

#[cfg(test)]
mod tests {
    use trackway_protocol::record::{Evidence, Repo};

    use super::*;
    use crate::render::written;

    fn rows() -> [DirRow; 2] {
        let first = DirRow {
            dir: "/home/ann/src/trackway/a-rather-long-name/ctl/src/render".into(),
            repo: Some(Repo { root: "/home/ann/src/trackway".into(), ..Repo::default() }),
            repo_unknown: None,
            agents: vec!["claude".into(), "codex".into()],
            how: ["add-dir", "chdir", "command", "launch"].map(Into::into).to_vec(),
            first_at: "2026-11-16T12:00:00Z".parse().unwrap(),
            last_at: "2026-11-23T11:57:00Z".parse().unwrap(),
            launches: 1234,
            sessions: None,
            evidence: Evidence::Kernel,
        };
        let second = DirRow {
            dir: "/tmp/\u{202e}x".into(),
            repo: None,
            repo_unknown: Some("timed out".into()),
            agents: vec!["claude".into()],
            how: vec!["launch".into()],
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
LAST       LAUNCHES  AGENTS         HOW                DIRECTORY
3 min ago     1,234  claude, codex  add-dir, chdir +2  ~/…/ctl/src/render
3 min ago         1  claude         launch             /tmp/\\u{202e}x
"
        );
    }

    #[test]
    fn where_there_is_room_the_repository_and_every_way_are_shown() {
        assert_eq!(
            written(|out| write(&rows(), &View::piped(), out)),
            "\
LAST       LAUNCHES  AGENTS         HOW                              REPOSITORY  DIRECTORY
3 min ago     1,234  claude, codex  add-dir, chdir, command, launch  trackway    ~/src/trackway/a-rather-long-name/ctl/src/render
3 min ago         1  claude         launch                           ?           /tmp/\\u{202e}x
"
        );
    }
}
