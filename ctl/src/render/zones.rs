//! Which zones there are and where they apply. On a terminal what belongs to a zone or an entry stands
//! below its line; elsewhere each is one row, so that `grep` sees all of it.

use std::io::{self, Write};

use trackway_protocol::row::{ZoneFile, ZoneRow};

use super::config::{sentence, tone};
use super::table::{Cell, Fit, Table, Tone, toned};
use super::text::{NOT_APPLICABLE, UNKNOWN, count, known, number, wrapped};
use super::{View, clean};

pub(crate) mod checked;
pub(crate) mod matches;
pub(crate) mod touches;

/// How far in stands what is below a line.
const INDENT: &str = "      ";

/// Writes them.
pub(crate) fn write(rows: &[ZoneRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let mut columns = vec![
        ("SEVERITY", Fit::Left),
        ("ZONE", Fit::Left),
        ("ENTRIES", Fit::Right),
        ("OPEN", Fit::Right),
        ("LAST", Fit::Left),
        ("WHERE", Fit::Elide),
    ];
    if view.width.is_none() {
        columns.push(("REASON", Fit::Left));
    }
    let mut table = Table::new(&columns);
    let mut below = Vec::new();
    for row in rows {
        let last = row.last_at.map_or_else(|| NOT_APPLICABLE.into(), |at| view.ago(at));
        let mut cells = vec![
            Cell::toned(row.severity.as_str(), tone(row.severity)),
            name(&row.zone, row.managed).into(),
            number(row.entries).into(),
            number(row.open).into(),
            last.into(),
            place(row, view).into(),
        ];
        let reason = row.reason.as_deref().map(sentence);
        if view.width.is_none() {
            cells.push(reason.clone().unwrap_or_else(|| NOT_APPLICABLE.into()).into());
        }
        table.row(cells);
        below.push(reason.iter().map(|reason| faint(reason, view)).collect());
    }
    with_below(&table, &below, view, out)
}

/// Returns where a zone applies; a terminal has room for one place.
fn place(row: &ZoneRow, view: &View) -> String {
    if !row.in_force {
        return "rule is gone".into();
    }
    let shown = if view.width.is_some() { 1 } else { row.places.len() };
    let places: Vec<_> = row.places.iter().take(shown).map(|place| view.path(place)).collect();
    let more = ((row.places.len() - places.len()) as u64).saturating_add(row.more_places);
    match (places.is_empty(), more) {
        (true, _) => "no touch recorded".into(),
        (false, 0) => places.join(", "),
        (false, more) => format!("{} +{}", places.join(", "), number(more)),
    }
}

/// Writes that there are none, and from where they would be.
pub(crate) fn none(
    files: Option<&[ZoneFile]>,
    view: &View,
    out: &mut impl Write,
) -> io::Result<()> {
    let file = |file: &ZoneFile| {
        let whose = if file.managed { "the machine's" } else { "your own" };
        format!("{} ({whose})", view.path(&file.path))
    };
    let files = match files {
        Some(files @ [_, ..]) => files.iter().map(file).collect::<Vec<_>>().join(" and "),
        _ => UNKNOWN.into(),
    };
    let told = format!("There are no zones. Rules are read from {files}.");
    writeln!(out, "{}", wrapped(&told, view.width))
}

/// Says of each file that cannot be used why, and what that means.
pub(crate) fn failing(files: &[ZoneFile], view: &View) -> Vec<String> {
    let failing = files.iter().filter(|file| file.state == "failing");
    failing.map(|file| broken(file, view)).collect()
}

fn broken(file: &ZoneFile, view: &View) -> String {
    let why = known(file.reason.as_deref());
    let still = match file.zones {
        0 => "no rule of it was in force before, and none is".into(),
        zones => format!("what was in force before still is: {}", count(zones, "zone", "zones")),
    };
    format!("{} cannot be used: {}; {still}", view.path(&file.path), why.trim_end_matches('.'))
}

/// Returns a zone's name, and that it is the machine's where it is.
fn name(zone: &str, managed: bool) -> String {
    format!("{}{}", clean(zone), if managed { " (managed)" } else { "" })
}

/// Returns what an agent did to a path, as the middle of a sentence.
pub(super) fn deed(how: &str) -> String {
    match how {
        "launch" => "was in".into(),
        "command" => "ran a command in".into(),
        "write" => "wrote".into(),
        "add-dir" => "was given".into(),
        how => clean(how).into_owned(),
    }
}

/// Returns a clean sentence as it stands below a line.
fn faint(text: &str, view: &View) -> String {
    let text = wrapped(text, room(view));
    text.lines().map(|line| toned(view, line, Tone::Faint)).collect::<Vec<_>>().join("\n")
}

/// Returns how many columns there are below a line.
fn room(view: &View) -> Option<u16> {
    view.width.map(|width| width.saturating_sub(INDENT.len() as u16))
}

/// Writes a table of which no column wraps, and on a terminal below each row what belongs to it.
fn with_below(
    table: &Table,
    below: &[Vec<String>],
    view: &View,
    out: &mut impl Write,
) -> io::Result<()> {
    if view.width.is_none() {
        return table.write(view, out);
    }
    let mut written = Vec::new();
    table.write(view, &mut written)?;
    let written = String::from_utf8_lossy(&written);
    // The first line has the titles.
    let below = [Vec::new()].into_iter().chain(below.iter().cloned());
    for (line, below) in written.lines().zip(below) {
        writeln!(out, "{line}")?;
        let mut below = below.iter().flat_map(|text| text.lines());
        below.try_for_each(|line| writeln!(out, "{INDENT}{line}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use trackway_protocol::record::Risk;

    use super::*;
    use crate::render::written;

    fn rows() -> [ZoneRow; 3] {
        let training = ZoneRow {
            zone: "training".into(),
            managed: true,
            in_force: true,
            severity: Risk::High,
            reason: Some(
                "model training code: no third-party agents, not even to look at it (policy 12)"
                    .into(),
            ),
            places: vec!["/home/ann/src/models/llama-7".into(), "/data/train".into()],
            more_places: 2,
            entries: 12,
            open: 2,
            last_at: Some("2026-11-23T11:57:00Z".parse().unwrap()),
            ..ZoneRow::default()
        };
        let fresh = ZoneRow {
            zone: "notes".into(),
            in_force: true,
            severity: Risk::Medium,
            ..ZoneRow::default()
        };
        let gone = ZoneRow {
            zone: "old".into(),
            severity: Risk::Low,
            entries: 1,
            last_at: Some("2026-11-16T11:57:00Z".parse().unwrap()),
            ..ZoneRow::default()
        };
        [training, fresh, gone]
    }

    #[test]
    fn a_zone_is_a_line_and_its_reason_stands_below() {
        assert_eq!(
            written(|out| write(&rows(), &View::plain(), out)),
            "\
SEVERITY  ZONE                ENTRIES  OPEN  LAST          WHERE
high      training (managed)       12     2  3 min ago     ~/…/models/llama-7 +3
      model training code: no third-party agents, not even to look at it (policy
      12)
medium    notes                     0     0  -             no touch recorded
low       old                       1     0  Nov 16 11:57  rule is gone
"
        );
    }

    #[test]
    fn elsewhere_each_zone_is_one_whole_row() {
        let text = written(|out| write(&rows(), &View::piped(), out));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[1].contains("  ~/src/models/llama-7, /data/train +2  model tr"), "{text}");
        assert!(lines[1].ends_with("(policy 12)") && lines[2].ends_with("  -"), "{text}");
    }

    fn file(path: &str, managed: bool) -> ZoneFile {
        ZoneFile { path: path.into(), managed, state: "missing".into(), ..ZoneFile::default() }
    }

    #[test]
    fn where_there_is_none_it_is_said_where_they_come_from() {
        let files = [
            file("/etc/trackway/zones.toml", true),
            file("/home/ann/.config/trackway/zones.toml", false),
        ];
        assert_eq!(
            written(|out| none(Some(&files), &View::plain(), out)),
            "There are no zones. Rules are read from /etc/trackway/zones.toml (the machine's)\n\
             and ~/.config/trackway/zones.toml (your own).\n"
        );
        let unknown = written(|out| none(None, &View::plain(), out));
        assert_eq!(unknown, "There are no zones. Rules are read from ?.\n");
        assert_eq!(failing(&files, &View::plain()), [""; 0]);
    }

    #[test]
    fn a_file_that_cannot_be_used_leaves_what_was_in_force() {
        let broken = ZoneFile {
            state: "failing".into(),
            reason: Some("line 3: no such key \x1b.".into()),
            zones: 4,
            ..file("/etc/trackway/zones.toml", true)
        };
        let never = ZoneFile { zones: 0, reason: None, ..broken.clone() };
        assert_eq!(
            failing(&[broken, never], &View::plain()),
            [
                "/etc/trackway/zones.toml cannot be used: line 3: no such key \\x1b; what was in \
                 force before still is: 4 zones",
                "/etc/trackway/zones.toml cannot be used: ?; no rule of it was in force before, \
                 and none is",
            ]
        );
    }
}
