//! The kinds by which touches are summed up: what is known of the launch, or of the session's agent.

use rusqlite::Connection;

/// The kind of what a session touched, as SQL: of it the agent is known and no more. Should two agents
/// have a session with this id, the first in alphabetical order counts.
macro_rules! session_kind {
    ($id:literal) => {
        concat!(
            "(SELECT k.key FROM session s
                JOIN kind k ON k.agent = s.agent AND k.mode = '' AND k.endpoint = ''
              WHERE s.id = ",
            $id,
            " AND s.agent <> '' ORDER BY s.agent LIMIT 1)"
        )
    };
}

/// The kind of a touch `t` of a launch `l`, or of a session, as SQL; NULL where nothing is known.
macro_rules! touch_kind {
    () => {
        concat!(
            "CASE WHEN t.launch <> 0 THEN l.kind WHEN t.session <> '' THEN ",
            session_kind!("t.session"),
            " END"
        )
    };
}

pub(super) use {session_kind, touch_kind};

/// The same, for who builds it into another question.
pub(in super::super) const OF_TOUCH: &str = touch_kind!();

/// Returns the key of a kind: agent, mode and endpoint.
pub(super) fn key(tx: &Connection, kind: [&str; 3]) -> rusqlite::Result<i64> {
    let select = "SELECT key FROM kind WHERE agent = ? AND mode = ? AND endpoint = ?";
    super::key(tx, select, "INSERT INTO kind (agent, mode, endpoint) VALUES (?, ?, ?)", kind)
}

/// Returns the kind of what a session touched; 0 where its agent is not known.
pub(in super::super) fn of_session(tx: &Connection, id: &str) -> rusqlite::Result<i64> {
    let mut kind = tx.prepare_cached(concat!("SELECT ifnull(", session_kind!("?1"), ", 0)"))?;
    kind.query_row([id], |row| row.get(0))
}
