//! `.claude.json`: of all that it holds, the directories that claude was used in, and of each the
//! session that left it last. Nothing else has a place in the types.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use trackway_protocol::ids::Timestamp;

use crate::session::json::{self, Lax, Str, Table, Take};
use crate::session::{LineError, Place, Project, Word};

json::object! {
    /// The file.
    struct File<'a> {
        "projects" => projects: Table<'a, Entry<'a>>,
    }
}

json::object! {
    /// What is kept of a project.
    struct Entry<'a> {
        "lastSessionId" => session: Str<'a>,
        "lastStartTime" => at: At,
    }
}

/// A time, in milliseconds or in words.
#[derive(Clone, Copy, Default)]
pub(crate) struct At(Option<Timestamp>);

impl<'de> Take<'de> for At {
    fn text(text: Cow<'de, str>) -> Self {
        Self(text.parse().ok())
    }

    fn number(ms: u64) -> Self {
        Self(i64::try_from(ms).ok().map(Timestamp::from_ms))
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Lax::default())
    }
}

/// Reads the projects.
pub(super) fn read(text: &[u8]) -> Result<Vec<Project>, LineError> {
    let file: File<'_> = json::read(text)?;
    let projects = file.projects.0.iter().filter_map(|(dir, entry)| {
        let (session, at) = (Word::new(entry.session.get()), entry.at.0);
        Some(Project { dir: Place::new(dir)?, session, at })
    });
    Ok(projects.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_are_read_and_nothing_else_is() {
        let text = r#"{"oauthAccount":{"email":"planted"},"projects":{
            "/w":{"lastSessionId":"s","lastStartTime":1763629200000,"lastSessionFirstPrompt":"planted"},
            "/v":{"lastSessionId":"t","lastStartTime":"2026-11-20T09:00:00Z","exampleFiles":["planted"]},
            "/u":{"lastStartTime":[1]},"":{},"/x\n":{}}}"#;
        let projects = read(text.as_bytes()).unwrap();
        assert!(!format!("{projects:?}").contains("planted"));
        let told: Vec<_> = projects
            .iter()
            .map(|it| {
                (it.dir.as_path().to_str().unwrap(), it.session.as_ref().map(Word::as_str), it.at)
            })
            .collect();
        let at = |text: &str| text.parse().ok();
        let first = Some(Timestamp::from_ms(1_763_629_200_000));
        let expected = [
            ("/w", Some("s"), first),
            ("/v", Some("t"), at("2026-11-20T09:00:00Z")),
            ("/u", None, None),
        ];
        assert_eq!(told, expected);
        assert_eq!(read(b"{\"projects\":3}").unwrap(), []);
        assert!(read(b"{\"projects\":{").is_err());
    }
}
