//! What a report does not know, and when nobody looked.

use trackway_protocol::report::Report;

use super::sheet::Sheet;

/// How the range divides for each source, and that before for launches.
pub(super) fn coverage(report: &Report) -> String {
    let before = report.before.as_ref().map(|before| ("before", &before.time));
    Sheet::of(report.unknown.time.iter().map(|time| ("this", time)).chain(before))
        .column("range", |(range, _)| *range)
        .column("source", |(_, time)| &time.source)
        .column("from", |(_, time)| &time.from)
        .column("until", |(_, time)| &time.until)
        .column("recorded_ms", |(_, time)| &time.recorded_ms)
        .column("degraded_ms", |(_, time)| &time.degraded_ms)
        .column("blind_ms", |(_, time)| &time.blind_ms)
        .column("off_ms", |(_, time)| &time.off_ms)
        .column("unrecorded_ms", |(_, time)| &time.unrecorded_ms)
        .column("blind_gaps", |(_, time)| &time.blind_gaps)
        .text()
}

/// When sources saw nothing or less than everything.
pub(super) fn gaps(report: &Report) -> String {
    Sheet::of(&report.unknown.gaps)
        .column("seq", |gap| &gap.seq)
        .column("source", |gap| &gap.source)
        .column("state", |gap| &gap.state)
        .column("from", |gap| &gap.from)
        .column("until", |gap| &gap.until)
        .column("reason", |gap| &gap.reason)
        .column("missed", |gap| &gap.missed)
        .column("unit", |gap| &gap.unit)
        .column("unnamed", |gap| &gap.unnamed)
        .text()
}

/// Each thing that is not known, by the name that it has in the report; one of which there are many
/// has many rows.
pub(super) fn unknown(report: &Report) -> String {
    let unknown = &report.unknown;
    let known = |count: u64| Some(count.to_string());
    let counts = [
        ("unnamed_launches", unknown.unnamed_launches.and_then(known)),
        ("launches_without_session", known(unknown.launches_without_session)),
        ("launches_without_transcript", known(unknown.launches_without_transcript)),
        ("sessions_without_launch", known(unknown.sessions_without_launch)),
        ("sessions_without_file", known(unknown.sessions_without_file)),
        ("session_files_gone", known(unknown.session_files_gone)),
        ("shell_calls", known(unknown.shell_calls)),
        ("unresolved_calls", known(unknown.unresolved_calls)),
        ("pruned", known(unknown.pruned)),
        ("out_of_scope", unknown.out_of_scope.and_then(known)),
        ("reading", Some(unknown.reading.to_string())),
    ];
    let not_understood = unknown.not_understood.iter().cloned();
    let unpriced = unknown.unpriced.iter().cloned();
    let texts = not_understood.map(|text| ("not_understood", Some(text)));
    let texts = texts.chain(unpriced.map(|text| ("unpriced", Some(text))));
    Sheet::of(counts.into_iter().chain(texts))
        .column("what", |(what, _)| *what)
        .column("value", |(_, value)| value)
        .text()
}
