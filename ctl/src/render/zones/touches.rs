//! Touches of zones: entries, and what a check finds whether it was an entry or not.

use std::io::{self, Write};

use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::Risk;
use trackway_protocol::row::{ZoneEntryRow, ZoneTouchRow};

use super::{deed, faint, name, room, with_below};
use crate::render::config::{sentence, tone};
use crate::render::table::{Cell, Fit, Table};
use crate::render::text::{NOT_APPLICABLE, elide, id_length, known, number, short_id};
use crate::render::{View, clean};

/// Writes entries.
pub(crate) fn entries(rows: &[ZoneEntryRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    write(&rows.iter().map(Touch::from).collect::<Vec<_>>(), view, out)
}

/// Writes what a check found.
pub(crate) fn found(rows: &[&ZoneTouchRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    write(&rows.iter().map(|row| Touch::from(*row)).collect::<Vec<_>>(), view, out)
}

/// Says of an entry that it is acknowledged.
pub(crate) fn acknowledged(row: &ZoneEntryRow, view: &View) -> String {
    let not = if row.acknowledged_at.is_some() { "" } else { "not " };
    let (zone, agent) = (name(&row.zone, row.managed), known(row.agent.as_deref()));
    let (deed, path) = (deed(&row.how), view.path(&row.path));
    format!("{}: {not}acknowledged, {zone}, {agent} {deed} {path}", row.seq)
}

/// What both kinds of rows tell.
struct Touch<'r> {
    /// The number of the entry, where there is one.
    entry: Option<u64>,
    last_at: Timestamp,
    severity: Risk,
    zone: &'r str,
    agent: Option<&'r str>,
    how: &'r str,
    /// How many records tell of it; a check does not say.
    times: Option<u64>,
    launch: Option<LaunchId>,
    session: Option<&'r str>,
    path: &'r str,
    acknowledged: bool,
    note: Option<&'r str>,
}

impl<'r> From<&'r ZoneEntryRow> for Touch<'r> {
    fn from(row: &'r ZoneEntryRow) -> Self {
        Self {
            entry: Some(row.seq),
            last_at: row.last_at,
            severity: row.severity,
            zone: &row.zone,
            agent: row.agent.as_deref(),
            how: &row.how,
            times: Some(row.touches),
            launch: row.launch,
            session: row.session.as_deref(),
            path: &row.path,
            acknowledged: row.acknowledged_at.is_some(),
            note: row.note.as_deref(),
        }
    }
}

impl<'r> From<&'r ZoneTouchRow> for Touch<'r> {
    fn from(row: &'r ZoneTouchRow) -> Self {
        Self {
            entry: row.entry,
            last_at: row.last_at,
            severity: row.severity,
            zone: &row.zone,
            agent: row.agent.as_deref(),
            how: &row.how,
            times: None,
            launch: row.launch,
            session: row.session.as_deref(),
            path: &row.path,
            acknowledged: row.acknowledged,
            note: None,
        }
    }
}

impl Touch<'_> {
    /// Returns what `show` takes: the launch, else the session.
    fn id(&self) -> String {
        self.launch.map_or_else(|| known(self.session), |launch| launch.to_string())
    }

    fn how(&self) -> String {
        let times = self.times.filter(|times| *times > 1);
        let times = times.map_or(String::new(), |times| format!(" ×{}", number(times)));
        format!("{}{times}", clean(self.how))
    }

    fn cells(&self, ids: usize, view: &View) -> [Cell; 8] {
        let entry = self.entry.map_or_else(|| NOT_APPLICABLE.into(), |entry| entry.to_string());
        let acknowledged = match (self.entry, self.acknowledged) {
            (None, _) => NOT_APPLICABLE,
            (Some(_), true) => "yes",
            (Some(_), false) => "no",
        };
        [
            entry.into(),
            view.ago(self.last_at).into(),
            Cell::toned(self.severity.as_str(), tone(self.severity)),
            clean(self.zone).into_owned().into(),
            known(self.agent).into(),
            self.how().into(),
            short_id(self.id(), ids).into(),
            acknowledged.into(),
        ]
    }

    /// Returns what stands below the line: where, and what somebody had to say.
    fn below(&self, view: &View) -> Vec<String> {
        let room = room(view).map_or(usize::MAX, usize::from);
        let note = self.note.map(|note| faint(&noted(note), view));
        [elide(&view.path(self.path), room)].into_iter().chain(note).collect()
    }
}

fn noted(note: &str) -> String {
    format!("note: {}", sentence(note))
}

fn write(touches: &[Touch<'_>], view: &View, out: &mut impl Write) -> io::Result<()> {
    let mut columns = vec![
        ("№", Fit::Right),
        ("LAST", Fit::Left),
        ("SEVERITY", Fit::Left),
        ("ZONE", Fit::Elide),
        ("AGENT", Fit::Left),
        ("HOW", Fit::Left),
        ("ID", Fit::Left),
        ("ACK", Fit::Left),
    ];
    let flat = view.width.is_none();
    let with_notes = flat && touches.iter().any(|touch| touch.note.is_some());
    columns.extend(flat.then_some(("PATH", Fit::Left)));
    columns.extend(with_notes.then_some(("NOTE", Fit::Left)));
    let mut table = Table::new(&columns);
    let ids = id_length(touches.iter().map(Touch::id));
    for touch in touches {
        let path = flat.then(|| view.path(touch.path).into());
        let note = touch.note.map_or_else(|| NOT_APPLICABLE.into(), sentence);
        let note = with_notes.then(|| note.into());
        table.row(touch.cells(ids, view).into_iter().chain(path).chain(note));
    }
    let below: Vec<_> = touches.iter().map(|touch| touch.below(view)).collect();
    with_below(&table, &below, view, out)
}

#[cfg(test)]
pub(super) mod tests {
    use trackway_protocol::ids::RecordId;
    use trackway_protocol::record::Evidence;

    use super::*;
    use crate::render::written;

    fn rows() -> [ZoneEntryRow; 2] {
        let open = ZoneEntryRow {
            seq: 1203,
            id: RecordId::new(),
            at: "2026-11-16T11:57:00Z".parse().unwrap(),
            last_at: "2026-11-23T11:57:00Z".parse().unwrap(),
            touches: 12,
            zone: "training".into(),
            managed: true,
            severity: Risk::High,
            agent: Some("claude".into()),
            launch: None,
            session: Some("76a56c1b-7339-4881-9b8f-5c9deb6a0f2c".into()),
            subagent: None,
            how: "read".into(),
            path: "/home/ann/src/models/llama-7/a/path/of/such/a/great/length/that/no/terminal/has/it.py"
                .into(),
            pattern: "~/src/models/llama-*".into(),
            repo: None,
            rule: "9f".into(),
            evidence: Evidence::Transcript,
            acknowledged_at: None,
            note: None,
        };
        let seen = ZoneEntryRow {
            seq: 7,
            last_at: "2026-11-16T11:57:00Z".parse().unwrap(),
            touches: 1,
            zone: "notes".into(),
            managed: false,
            severity: Risk::Low,
            agent: None,
            launch: Some("3f2a9c41-0000-8000-8000-000000000001".parse().unwrap()),
            how: "add-dir".into(),
            path: "/home/ann/notes".into(),
            acknowledged_at: Some("2026-11-16T12:57:00Z".parse().unwrap()),
            note: Some("asked Ann: a test".into()),
            ..open.clone()
        };
        [open, seen]
    }

    pub(in crate::render::zones) fn touch() -> ZoneTouchRow {
        ZoneTouchRow {
            place: None,
            zone: "training".into(),
            managed: false,
            severity: Risk::High,
            agent: Some("codex".into()),
            launch: Some("3f2a9c41-0000-8000-8000-000000000001".parse().unwrap()),
            session: None,
            how: "command".into(),
            path: "/data/train".into(),
            first_at: "2026-11-23T11:57:00Z".parse().unwrap(),
            last_at: "2026-11-23T11:57:00Z".parse().unwrap(),
            evidence: Evidence::Kernel,
            entry: None,
            acknowledged: false,
        }
    }

    #[test]
    fn an_entry_is_a_line_and_where_it_was_stands_below() {
        let text = written(|out| entries(&rows(), &View::plain(), out));
        assert_eq!(
            text,
            "   №  LAST          SEVERITY  ZONE      AGENT   HOW       ID        ACK
1203  3 min ago     high      training  claude  read ×12  76a56c1b  no
      ~/…/llama-7/a/path/of/such/a/great/length/that/no/terminal/has/it.py
   7  Nov 16 11:57  low       notes     ?       add-dir   3f2a9c41  yes
      ~/notes
      note: asked Ann: a test
"
        );
    }

    #[test]
    fn elsewhere_each_entry_is_one_whole_row() {
        let text = written(|out| entries(&rows(), &View::piped(), out));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[1].ends_with("/that/no/terminal/has/it.py  -"), "{text}");
        assert!(lines[2].ends_with("  asked Ann: a test"), "{text}");
    }

    #[test]
    fn a_touch_that_was_no_entry_has_no_number() {
        let in_time = ZoneTouchRow { entry: Some(9), acknowledged: true, ..touch() };
        assert_eq!(
            written(|out| found(&[&touch(), &in_time], &View::piped(), out)),
            "\
№  LAST       SEVERITY  ZONE      AGENT  HOW      ID        ACK  PATH
-  3 min ago  high      training  codex  command  3f2a9c41  -    /data/train
9  3 min ago  high      training  codex  command  3f2a9c41  yes  /data/train
"
        );
    }

    #[test]
    fn what_was_acknowledged_is_told_in_a_sentence() {
        let [open, seen] = rows();
        assert_eq!(
            acknowledged(&seen, &View::plain()),
            "7: acknowledged, notes, ? was given ~/notes"
        );
        let told = acknowledged(&open, &View::plain());
        assert!(told.starts_with("1203: not acknowledged, training (managed), claude read ~/"));
    }
}
