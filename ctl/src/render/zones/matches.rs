//! Which rules are about a place, and which of them applies.

use std::io::{self, Write};

use trackway_protocol::row::ZoneMatchRow;

use super::name;
use crate::render::config::{sentence, tone};
use crate::render::table::{Cell, Fit, Table, Tone};
use crate::render::text::wrapped;
use crate::render::{View, clean};

/// Writes them.
pub(crate) fn write(rows: &[ZoneMatchRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(&[("", Fit::Left), ("", Fit::Left), ("", Fit::Wrap)]);
    for row in rows {
        let tone = if row.applies { tone(row.severity) } else { Tone::Faint };
        let severity = Cell::toned(row.severity.as_str(), tone);
        table.row([severity, name(&row.zone, row.managed).into(), verdict(row).into()]);
        let pattern = format!("pattern {}", clean(&row.pattern));
        table.row(["".into(), "".into(), Cell::toned(pattern, Tone::Faint).elided()]);
        if let Some(reason) = &row.reason {
            table.row(["".into(), "".into(), sentence(reason).into()]);
        }
    }
    table.write(view, out)
}

/// Returns to what a rule applies, and why.
fn verdict(row: &ZoneMatchRow) -> String {
    let why = sentence(&row.why);
    if row.applies {
        format!("applies to {}: {why}", clean(&row.touches.join(", ")))
    } else {
        format!("does not apply: {why}")
    }
}

/// Writes that no rule is about a place.
pub(crate) fn none(place: &str, view: &View, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", wrapped(&format!("No zone has {}.", view.path(place)), view.width))
}

#[cfg(test)]
mod tests {
    use trackway_protocol::record::Risk;

    use super::*;
    use crate::render::written;

    #[test]
    fn the_rule_that_applies_is_told_with_those_that_it_is_stronger_than() {
        let applies = ZoneMatchRow {
            zone: "training".into(),
            managed: true,
            severity: Risk::High,
            reason: Some("model training code: no third-party agents (policy 12)".into()),
            pattern: "~/src/models/llama-*".into(),
            applies: true,
            touches: ["launch", "command", "read", "write", "add-dir"].map(Into::into).to_vec(),
            why: "it matches by path".into(),
            ..ZoneMatchRow::default()
        };
        let weaker = ZoneMatchRow {
            zone: "src".into(),
            severity: Risk::Low,
            pattern: "~/src".into(),
            why: "a more specific zone applies instead".into(),
            ..ZoneMatchRow::default()
        };
        assert_eq!(
            written(|out| write(&[applies, weaker], &View::plain(), out)),
            "\
high  training (managed)  applies to launch, command, read, write, add-dir: it
                          matches by path
                          pattern ~/src/models/llama-*
                          model training code: no third-party agents (policy 12)
low   src                 does not apply: a more specific zone applies instead
                          pattern ~/src
"
        );
    }

    #[test]
    fn a_place_that_no_rule_is_about_is_named() {
        let told = written(|out| none("/home/ann/x\x1b", &View::plain(), out));
        assert_eq!(told, "No zone has ~/x\\x1b.\n");
    }
}
