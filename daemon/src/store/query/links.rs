//! Which sessions were the work of which launches, the best known first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::Connection;
use trackway_protocol::row::Link;

use super::super::register;
use super::launches::launch_id;

/// Returns the links of a session: each launch once.
pub(super) fn of_session(tx: &Connection, session: i64) -> rusqlite::Result<Vec<Link>> {
    links(tx, "n.session", session)
}

/// Returns the links of a launch: each session once.
pub(super) fn of_launch(tx: &Connection, launch: i64) -> rusqlite::Result<Vec<Link>> {
    links(tx, "n.launch", launch)
}

fn links(tx: &Connection, column: &str, key: i64) -> rusqlite::Result<Vec<Link>> {
    // Of equal evidence, what was done is better than who has a file open, and that than what was
    // asked for.
    let sql = format!(
        "SELECT l.id, s.id, n.how, n.evidence
         FROM session_launch n JOIN launch l ON l.key = n.launch
            JOIN session s ON s.key = n.session
         WHERE {column} = ?
         ORDER BY n.evidence DESC,
            CASE n.how WHEN 'environment' THEN 0 WHEN 'open-file' THEN 1 ELSE 2 END,
            n.first_at, l.id, s.id, n.how"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query([key])?;
    let mut links: Vec<Link> = Vec::new();
    let mut places = HashMap::<_, usize>::new();
    while let Some(row) = rows.next()? {
        let launch = launch_id(row.get_ref(0)?.as_str()?)?;
        let (session, how): (String, String) = (row.get(1)?, row.get(2)?);
        match places.entry((launch, session)) {
            Entry::Occupied(place) => links[*place.get()].how.push(how),
            Entry::Vacant(place) => {
                let evidence = register::evidence(row.get(3)?);
                let session = place.key().1.clone();
                place.insert(links.len());
                links.push(Link { launch, session, how: vec![how], evidence });
            }
        }
    }
    Ok(links)
}
