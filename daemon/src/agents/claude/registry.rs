//! Claude Code's list of what runs: `sessions/<pid>.json`, one small file for each session at a
//! terminal and in the background.
//!
//! The file is written in place, outlives a crash, and its pid is given away again: only one that
//! names the start of the very process tells anything. Beside it lie keys, which are never opened.

use std::path::{Path, PathBuf};

use crate::agents::Registered;
use crate::enrich::redact::value::is_uuid;
use crate::session::LineError;
use crate::session::json::{self, Number, Str, object};

object! {
    /// What is read of such a file.
    struct Entry<'a> {
        "pid" => pid: Number,
        "sessionId" => session: Str<'a>,
        "procStart" => start: Str<'a>,
    }
}

/// Returns the file of a process.
pub(super) fn path(home: &Path, pid: u32) -> PathBuf {
    home.join("sessions").join(format!("{pid}.json"))
}

/// Reads such a file; none where it does not say what it is about.
pub(super) fn read(file: &[u8]) -> Result<Option<Registered>, LineError> {
    let entry: Entry<'_> = json::read(file)?;
    Ok(registered(&entry))
}

fn registered(entry: &Entry<'_>) -> Option<Registered> {
    let session = entry.session.get();
    Some(Registered {
        pid: entry.pid.0?.try_into().ok()?,
        // On Linux it is the start time in ticks.
        start_ticks: entry.start.get().parse().ok()?,
        session: is_uuid(session).then(|| session.to_owned())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: &str = "11111111-2222-4333-8444-555555555555";

    fn read_text(text: &str) -> Option<Registered> {
        read(text.as_bytes()).ok().flatten()
    }

    fn entry(pid: &str, start: &str, session: &str) -> String {
        format!(
            r#"{{"pid":{pid},"sessionId":{session},"cwd":"/w","startedAt":1795162500123,
            "procStart":{start},"version":"2.1.197","kind":"interactive","status":"idle"}}"#
        )
    }

    #[test]
    fn a_process_says_on_which_session_it_works() {
        let text = entry("28517", "\"4711223\"", &format!("\"{S}\""));
        let expected = Registered { pid: 28517, start_ticks: 4_711_223, session: S.into() };
        assert_eq!(read_text(&text), Some(expected));
        assert_eq!(path(Path::new("/h/.claude"), 7), Path::new("/h/.claude/sessions/7.json"));
    }

    #[test]
    fn what_does_not_say_whose_it_is_is_nothing() {
        let session = format!("\"{S}\"");
        for (pid, start, session) in [
            ("-1", "\"1\"", &session[..]),
            ("4294967296", "\"1\"", &session),
            ("\"1\"", "\"1\"", &session),
            ("1", "\"Fri Nov 20 08:11:02 2026\"", &session),
            ("1", "null", &session),
            ("1", "\"1\"", "\"the walrus\""),
            ("1", "\"1\"", "{}"),
        ] {
            assert_eq!(read_text(&entry(pid, start, session)), None, "{pid} {start} {session}");
        }
        for text in ["", "{", "[]", "null", "{\"pid\":1}", "\0\0\0"] {
            assert_eq!(read_text(text), None, "{text}");
        }
    }

    #[test]
    fn any_depth_and_any_bytes_are_survived() {
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(read(deep.as_bytes()).is_err());
        assert!(read(b"{\"pid\":\xff\xfe}").is_err());
    }
}
