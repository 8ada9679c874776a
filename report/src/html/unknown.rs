//! What the report does not know. A nothing is said as well: it is known then.

use trackway_protocol::report::{Report, Unknown};
use trackway_protocol::row::{GapRow, TimeRow};

use super::page::Page;
use super::table::{long, numbers, short, table, words};
use super::words::{count_was, length};
use crate::words::{count, number};

pub(super) fn write(page: &mut Page, report: &Report) {
    let unknown = &report.unknown;
    page.section("unknown", "What this report does not know", |page| {
        page.tag("ul", &[("class", "sentences")], |page| {
            for sentence in sentences(unknown) {
                page.leaf("li", &[], &sentence);
            }
        });
        list(page, "Session files that were not understood", &unknown.not_understood);
        list(page, "Models without a price", &unknown.unpriced);
        page.leaf("h3", &[], "How much of the range each source saw");
        if unknown.time.is_empty() {
            page.paragraph("This is not known.");
        } else {
            times(page, &unknown.time);
        }
        page.leaf("h3", &[], "When a source saw nothing, or less than everything");
        if unknown.gaps.is_empty() {
            page.paragraph("There was no such time.");
        } else {
            gaps(page, &unknown.gaps);
        }
        page.more(unknown.more_gaps);
    });
}

fn sentences(unknown: &Unknown) -> Vec<String> {
    let mut sentences = vec![match unknown.unnamed_launches {
        Some(many) => format!("{} counted by the kernel and named by nobody.", launches_were(many)),
        None => "How many launches the kernel counted and nobody named is not known.".into(),
    }];
    let launches = |many| count(many, "launch", "launches");
    let sessions = |many| count(many, "session", "sessions");
    sentences.extend([
        format!("{} left no session file.", launches(unknown.launches_without_session)),
        format!(
            "{} told to keep no session file, or not to keep it.",
            launches_were(unknown.launches_without_transcript)
        ),
        match unknown.sessions_without_launch {
            1 => "1 session has no known launch.".into(),
            many => format!("{} have no known launch.", sessions(many)),
        },
        match unknown.sessions_without_file {
            1 => "1 session is known without a session file that tells of it.".into(),
            many => {
                format!("{} are known without a session file that tells of them.", sessions(many))
            }
        },
        format!(
            "{} missed in the range.",
            count_was(unknown.session_files_gone, "session file", "session files")
        ),
        format!(
            "Of {}, {} could not be resolved in full: what those touched may be missing here.",
            count(unknown.shell_calls, "shell call", "shell calls"),
            number(unknown.unresolved_calls),
        ),
        match unknown.pruned {
            0 => "No record of the range was pruned since.".into(),
            1 => "1 record of the range was pruned since, and counts nowhere here.".into(),
            many => format!(
                "{} records of the range were pruned since, and count nowhere here.",
                number(many)
            ),
        },
        if unknown.reading {
            "Older session files were still being read when this was made: there may be more."
                .into()
        } else {
            "All session files that were there had been read.".into()
        },
    ]);
    if unknown.not_understood.is_empty() {
        sentences.push("No line of a session file was left that was not understood.".into());
    }
    if unknown.unpriced.is_empty() {
        sentences.push("No model was without a price.".into());
    }
    sentences
}

fn launches_were(many: u64) -> String {
    count_was(many, "launch", "launches")
}

fn list(page: &mut Page, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    page.leaf("h3", &[], title);
    page.tag("ul", &[("class", "paths")], |page| {
        for line in lines {
            page.tag("li", &[], |page| page.code(line));
        }
    });
}

fn times(page: &mut Page, times: &[TimeRow]) {
    let columns = [
        words("Source"),
        numbers("Recorded"),
        numbers("In part"),
        numbers("Blind"),
        numbers("Gaps"),
        numbers("Off"),
        numbers("Not recorded"),
    ];
    table(page, "How much each source saw", &columns, times, |row, time| {
        row.text(&time.source);
        row.text(&length(time.recorded_ms));
        row.text(&length(time.degraded_ms));
        row.text(&length(time.blind_ms));
        row.number(time.blind_gaps);
        row.text(&length(time.off_ms));
        row.text(&length(time.unrecorded_ms));
    });
}

fn gaps(page: &mut Page, gaps: &[GapRow]) {
    let columns = [
        short("From"),
        short("Until"),
        words("Source"),
        words("State"),
        long("What happened"),
        words("Missed"),
        numbers("Record"),
    ];
    table(page, "Gaps", &columns, gaps, |row, gap| {
        row.cell(|page| page.time(gap.from));
        row.cell(|page| match gap.until {
            Some(until) => page.time(until),
            None => page.text("not over yet"),
        });
        row.text(&gap.source);
        row.text(&gap.state);
        row.text(&gap.reason);
        row.cell(|page| missed(page, gap));
        row.number(gap.seq);
    });
}

fn missed(page: &mut Page, gap: &GapRow) {
    match gap.missed {
        Some(many) => {
            page.text(&format!("{} {}", number(many), gap.unit.as_deref().unwrap_or("times")));
        }
        None => page.unknown(),
    }
    if let Some(unnamed) = gap.unnamed {
        let text = format!("{} of unknown name", count(unnamed, "program", "programs"));
        page.sub(&text);
    }
}
