//! Records that session files tell of a session, in words.

use trackway_protocol::record::{Repo, Session, SessionLinked, SessionMade};

use super::super::text::{UNKNOWN, count, number};
use super::super::{View, clean};

/// Returns what became known of a session or changed.
pub(super) fn told(session: &Session, view: &View) -> String {
    let said = |name: &str, text: &Option<String>| {
        text.as_ref().map(|text| format!("{name} {}", clean(text)))
    };
    let place = session.cwd.as_ref().map(|cwd| format!("in {}", view.path(cwd)));
    let descent = session.descent.as_deref().map_or("part".into(), clean);
    let parts = [
        session
            .agent_version
            .as_ref()
            .map(|version| format!("{} {}", clean(&session.agent), clean(version))),
        said("subagent", &session.subagent),
        said(&format!("{descent} of"), &session.parent_session),
        place,
        session.repo.as_ref().map(|repo| repository(repo, view)),
        said("repository unknown:", &session.repo_unknown),
        said("model", &session.model),
        said("permissions", &session.permission_mode),
        said("approval", &session.approval_policy),
        said("sandbox", &session.sandbox),
        said("provider", &session.provider),
        said("from", &session.entrypoint),
        said("as", &session.source),
        calls(session),
        said("continued in", &session.continued_in),
        file(session, view),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { clean(&session.agent).into_owned() } else { parts.join(", ") }
}

fn repository(repo: &Repo, view: &View) -> String {
    let branch = repo.branch.as_ref().map(|branch| format!(" on {}", clean(branch)));
    format!("repository {}{}", view.path(&repo.root), branch.unwrap_or_default())
}

fn calls(session: &Session) -> Option<String> {
    let made = session.shell_calls.map(|calls| count(calls, "shell call", "shell calls"));
    let unresolved = session.unresolved_calls.map(number);
    (made.is_some() || unresolved.is_some()).then(|| {
        let unknown = || UNKNOWN.to_owned();
        let (made, unresolved) = (made.unwrap_or_else(unknown), unresolved.unwrap_or_else(unknown));
        format!("{made} so far, {unresolved} not resolved")
    })
}

fn file(session: &Session, view: &View) -> Option<String> {
    let path = session.transcript.as_ref().map(|path| view.path(path));
    match (path, session.transcript_gone) {
        (Some(path), false) => Some(format!("file {path}")),
        (Some(path), true) => Some(format!("its file is gone: {path}")),
        (None, true) => Some("its file is gone".into()),
        (None, false) => None,
    }
}

pub(super) fn linked_to(linked: &SessionLinked) -> String {
    format!("is the work of session {} ({})", clean(&linked.session), clean(&linked.how))
}

pub(super) fn made_of(made: &SessionMade) -> String {
    let number = made.number.map(|number| format!(" #{number}")).unwrap_or_default();
    format!("{}{number} {}", clean(&made.what), clean(&made.id))
}
