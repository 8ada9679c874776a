//! `verify`: the verdict, what it stands on, and what is wrong.

use std::io::{self, Write};

use trackway_protocol::log::{Fault, Verdict, Verification};

use super::table::{Cell, Table, Tone, toned};
use super::text::{count, number};
use super::{View, clean};

/// Writes it; `what` was verified.
pub(crate) fn write(
    found: &Verification,
    what: &str,
    view: &View,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "{}\n", toned(view, &headline(found, what), tone(found.verdict)))?;
    let mut list = Table::list();
    for (index, fault) in found.faults.iter().enumerate() {
        let label = if index == 0 { "wrong" } else { "" };
        list.item(label, Cell::toned(line(fault), Tone::Bad));
    }
    if found.more_faults > 0 {
        list.item("", format!("and {} more", number(found.more_faults)));
    }
    list.item("records", records(found));
    list.item("sealed", sealed(found));
    list.item("elsewhere", elsewhere(found));
    list.item("key", key(found));
    list.write(view, out)
}

fn headline(found: &Verification, what: &str) -> String {
    let sense = match found.verdict {
        Verdict::Ok => "every record is as it was sealed",
        Verdict::UnsealedTail => {
            "every record that was sealed is as it was; the newest are not yet"
        }
        Verdict::Pruned => "every record that is left is as it was sealed",
        Verdict::Truncated => "records that were sealed are gone",
        Verdict::Altered => "a record is not as it was sealed",
        Verdict::Forged => "a checkpoint is false",
        Verdict::Corrupt => "it cannot be read",
    };
    format!("{}: {what}: {sense}.", found.verdict)
}

fn tone(verdict: Verdict) -> Tone {
    if verdict.is_good() { Tone::Good } else { Tone::Bad }
}

fn line(fault: &Fault) -> String {
    format!("{}: {}", fault.verdict, clean(&fault.why))
}

fn records(found: &Verification) -> String {
    let mut text = number(found.records);
    if found.pruned > 0 {
        text += &format!("; of {} only the hash is left", number(found.pruned));
    }
    if found.left_out > 0 {
        text += &format!("; {} are not in this file", number(found.left_out));
    }
    text
}

fn sealed(found: &Verification) -> String {
    let checkpoints = count(found.checkpoints, "checkpoint", "checkpoints");
    match found.records.saturating_sub(found.sealed) {
        _ if found.sealed == 0 => "none".into(),
        0 => format!("all, by {checkpoints}"),
        tail => format!("up to record {}, by {checkpoints}; {tail} not yet", number(found.sealed)),
    }
}

fn elsewhere(found: &Verification) -> String {
    match (found.outside, found.not_compared) {
        (0, 0) => "no checkpoint that was kept elsewhere was compared (--checkpoint)".into(),
        (fit, 0) => format!("{} kept elsewhere fit", count(fit, "checkpoint", "checkpoints")),
        (fit, not) => format!(
            "{} kept elsewhere fit; {} cannot be compared with this file",
            count(fit, "checkpoint", "checkpoints"),
            number(not)
        ),
    }
}

fn key(found: &Verification) -> String {
    let origin = found.origin.as_deref().map(clean);
    let of = origin.map_or(String::new(), |origin| format!(" of {origin}"));
    if found.key == "checked" {
        format!("checked: signed with the key{of} that was given")
    } else {
        format!("not checked: the key{of} comes with what it verifies (--key)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::written;

    fn found(verdict: Verdict) -> Verification {
        Verification {
            verdict,
            origin: Some("trackway/ab".into()),
            records: 12_345,
            pruned: 0,
            left_out: 0,
            sealed: 12_345,
            checkpoints: 14,
            outside: 0,
            not_compared: 0,
            key: "not checked".into(),
            faults: Vec::new(),
            more_faults: 0,
        }
    }

    #[test]
    fn a_good_verdict_says_what_it_stands_on() {
        assert_eq!(
            written(|out| write(&found(Verdict::Ok), "the ledger", &View::plain(), out)),
            "ok: the ledger: every record is as it was sealed.\n\n\
             records    12,345\n\
             sealed     all, by 14 checkpoints\n\
             elsewhere  no checkpoint that was kept elsewhere was compared (--checkpoint)\n\
             key        not checked: the key of trackway/ab comes with what it verifies\n           \
             (--key)\n"
        );
    }

    #[test]
    fn a_bad_one_names_what_is_wrong_and_where() {
        let why = "record 17 is missing\x1b[2J".to_owned();
        let fault = Fault { verdict: Verdict::Altered, seq: Some(17), until: None, why };
        let found = Verification {
            faults: vec![fault],
            more_faults: 3,
            pruned: 5,
            left_out: 7,
            sealed: 12_000,
            outside: 1,
            not_compared: 2,
            key: "checked".into(),
            ..found(Verdict::Altered)
        };
        assert_eq!(
            written(|out| write(&found, "x.ndjson", &View::plain(), out)),
            "altered: x.ndjson: a record is not as it was sealed.\n\n\
             wrong      altered: record 17 is missing\\x1b[2J\n           \
             and 3 more\n\
             records    12,345; of 5 only the hash is left; 7 are not in this file\n\
             sealed     up to record 12,000, by 14 checkpoints; 345 not yet\n\
             elsewhere  1 checkpoint kept elsewhere fit; 2 cannot be compared with this file\n\
             key        checked: signed with the key of trackway/ab that was given\n"
        );
    }
}
