//! Which parts of a filter a request can apply. The others are refused: an answer that ignored one
//! would be an answer to another question.

use trackway_protocol::message::{Filter, Request};

/// Returns why a request cannot be answered as it is, if it cannot.
pub(super) fn refusal(request: &Request) -> Option<String> {
    let (name, filter, refused) = match request {
        Request::Launches { filter, .. } => ("launches", filter, &["helpers"][..]),
        Request::Dirs { filter, .. } => ("dirs", filter, &[][..]),
        Request::Repos { filter, .. } => ("repos", filter, &[][..]),
        Request::Who { filter, .. } => {
            if filter.dir.is_none() && filter.repo.is_none() {
                return Some("who is asked of a place: dir or repo".to_owned());
            }
            ("who", filter, &[][..])
        }
        Request::Sessions { filter, .. } => {
            ("sessions", filter, &["helpers", "running", "how"][..])
        }
        Request::Files { filter, .. } => ("files", filter, &["helpers", "running"][..]),
        Request::Gaps { filter, .. } => ("gaps", filter, OF_LAUNCHES),
        Request::Config { filter, .. } => {
            let of_touches = &["helpers", "running", "mode", "flag", "endpoint", "how"];
            return refused("config", filter, of_touches);
        }
        Request::Settings { filter, .. } => {
            let others = &[
                "since_ms", "until_ms", "repo", "running", "helpers", "found", "mode", "flag",
                "endpoint", "how", "risk", "limit",
            ];
            return refused("config show", filter, others);
        }
        Request::Findings { filter, .. } => {
            let others = &[
                "since_ms", "until_ms", "launch", "session", "running", "helpers", "found", "mode",
                "flag", "endpoint", "how",
            ];
            return refused("config findings", filter, others);
        }
        Request::AllFindings { filter, .. } => {
            let others = &["running", "helpers", "found", "mode", "flag", "endpoint", "how"];
            return refused("findings", filter, others);
        }
        Request::ZoneEntries { filter, .. } => {
            return refused("zones entries", filter, &["running", "helpers", "found"]);
        }
        Request::ZoneCheck { filter, .. } => {
            let others = &["repo", "dir", "launch", "session", "risk", "found", "limit"];
            return refused("zones check", filter, others)
                .or_else(|| refused("zones check", filter, &["mode", "flag", "endpoint", "how"]))
                .or_else(|| refused("zones check", filter, &["running", "helpers"]));
        }
        Request::Time { filter, .. } => {
            return refused("time", filter, &["limit", "found", "risk"])
                .or_else(|| refused("time", filter, OF_LAUNCHES));
        }
        Request::Report { filter, .. } => {
            if filter.since_ms.is_none() || filter.until_ms.is_none() {
                return Some("report is asked of a range: since_ms and until_ms".to_owned());
            }
            ("report", filter, OF_REPORTS)
        }
        Request::Absence { filter, .. } => {
            if filter.dir.is_some() == filter.repo.is_some() {
                return Some("absence is asked of a place: dir or repo".to_owned());
            }
            return refused("absence", filter, OF_REPORTS)
                .or_else(|| refused("absence", filter, &["agent", "found", "risk"]));
        }
        Request::Tail { filter, .. } => ("tail", filter, &["helpers", "limit"][..]),
        Request::Export { filter, .. } => ("export", filter, &["helpers", "limit"][..]),
        Request::Status { .. }
        | Request::Doctor { .. }
        | Request::Zones { .. }
        | Request::ZoneExplain { .. }
        | Request::ZoneAck { .. }
        | Request::Show { .. }
        | Request::Verify { .. }
        | Request::Checkpoint { .. }
        | Request::Pause { .. }
        | Request::Resume { .. }
        | Request::Prune { .. } => return None,
    };
    // What only configuration has.
    self::refused(name, filter, &["found", "risk"]).or_else(|| self::refused(name, filter, refused))
}

fn refused(name: &str, filter: &Filter, fields: &[&str]) -> Option<String> {
    let given = given(filter);
    let refused = fields.iter().find(|field| given.contains(field))?;
    Some(format!("{name} cannot be narrowed by {refused}"))
}

/// What says which launches, and where they were.
const OF_LAUNCHES: &[&str] = &[
    "agent", "repo", "dir", "launch", "session", "running", "helpers", "mode", "flag", "endpoint",
    "how",
];

/// What a report is never narrowed by.
const OF_REPORTS: &[&str] =
    &["launch", "session", "running", "helpers", "mode", "flag", "endpoint", "how", "limit"];

/// Returns the names of the fields that a filter sets.
fn given(filter: &Filter) -> Vec<&'static str> {
    let Filter { since_ms, until_ms, agent, repo, dir, launch, .. } = filter;
    let Filter { session, running, helpers, mode, flag, endpoint, how, limit, .. } = filter;
    let Filter { found, risk, .. } = filter;
    let fields = [
        ("since_ms", since_ms.is_some()),
        ("until_ms", until_ms.is_some()),
        ("agent", agent.is_some()),
        ("repo", repo.is_some()),
        ("dir", dir.is_some()),
        ("launch", launch.is_some()),
        ("session", session.is_some()),
        ("running", *running),
        ("helpers", *helpers),
        ("found", *found),
        ("risk", risk.is_some()),
        ("mode", mode.is_some()),
        ("flag", flag.is_some()),
        ("endpoint", endpoint.is_some()),
        ("how", how.is_some()),
        ("limit", limit.is_some()),
    ];
    fields.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_cannot_apply_is_named() {
        let filter = Filter { how: Some("write".into()), limit: Some(3), ..Filter::default() };
        let gaps = Request::Gaps { id: 1, filter: filter.clone() };
        assert_eq!(refusal(&gaps).unwrap(), "gaps cannot be narrowed by how");
        let export = Request::Export { id: 1, after: None, filter: filter.clone(), proof: false };
        assert_eq!(refusal(&export).unwrap(), "export cannot be narrowed by limit");
        assert_eq!(refusal(&Request::Dirs { id: 1, filter: filter.clone() }), None);
        assert_eq!(refusal(&Request::Files { id: 1, filter: filter.clone() }), None);
        let sessions = Request::Sessions { id: 1, filter: filter.clone() };
        assert_eq!(refusal(&sessions).unwrap(), "sessions cannot be narrowed by how");
        let findings = Request::AllFindings { id: 1, filter: filter.clone() };
        assert_eq!(refusal(&findings).unwrap(), "findings cannot be narrowed by how");
        let time = Request::Time { id: 1, filter: filter.clone() };
        assert_eq!(refusal(&time).unwrap(), "time cannot be narrowed by limit");
        assert!(refusal(&Request::Who { id: 1, filter }).is_some());
    }
}
