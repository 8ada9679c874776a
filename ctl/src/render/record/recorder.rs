//! Records that the recorder makes about itself, and about what its witnesses tell, in words.

use trackway_protocol::record::{Coverage, DaemonRun, Finding, Pruned};

use super::super::text::{count, known};
use super::super::{View, clean};

pub(super) fn gone(pruned: &Pruned) -> String {
    let Pruned { policy, from_seq, until_seq, count, .. } = pruned;
    format!(
        "{count} records between {from_seq} and {until_seq} lost their bodies: {}",
        clean(policy)
    )
}

pub(super) fn found(finding: &Finding, view: &View) -> String {
    let path = finding.path.as_ref().map(|path| format!(" ({})", view.path(path)));
    let (code, why) = (clean(&finding.code), clean(&finding.why));
    format!("{code}: {why}{}", path.unwrap_or_default())
}

pub(super) fn covered(coverage: &Coverage, view: &View) -> String {
    let until = match coverage.until {
        Some(until) => format!(" to {}", view.second_after(coverage.from, until)),
        None => String::new(),
    };
    let mut text = format!(
        "{} {} from {}{until}: {}",
        clean(&coverage.source),
        clean(&coverage.state),
        view.second(coverage.from),
        clean(&coverage.reason),
    );
    if let Some(missed) = coverage.missed {
        text += &format!("; missed {missed} {}", known(coverage.unit.as_deref()));
    }
    if let Some(unnamed) = coverage.unnamed {
        text += &format!("; {} of unknown programs", count(unnamed, "exec", "execs"));
    }
    text
}

pub(super) fn daemon(run: &DaemonRun, what: &str) -> String {
    format!("trackwayd {} {what} (pid {}): {}", clean(&run.version), run.pid, clean(&run.reason))
}
