//! One record as one line: in `tail` as it comes, in `show` as a part of a story.

use std::io::{self, Write};

use serde::Deserialize;
use serde_json::Value;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{
    Body, DirTouched, Evidence, FileAccessed, Launch, LaunchEnded, Record, Usage,
};

use super::table::{Tone, toned};
use super::text::{NOT_APPLICABLE, UNKNOWN, count, known, lone_id, number};
use super::time::duration;
use super::{View, clean, config};

mod recorder;
mod session;
mod zone;

use recorder::{covered, daemon, found, gone};
use session::{linked_to, made_of, told};

/// What a line says of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it happened; nothing where the record cannot be read.
    pub(crate) at: Option<Timestamp>,
    /// The same as it is shown.
    pub(crate) time: String,
    /// The launch that it speaks of, else the session.
    pub(crate) launch: String,
    /// What happened, in a word.
    pub(crate) what: String,
    /// All else.
    pub(crate) text: String,
    /// How much the reader should mind.
    pub(crate) tone: Tone,
}

impl Entry {
    /// Reads a record's stored bytes. What cannot be read is shown as it is: a newer daemon may
    /// know more.
    pub(crate) fn of(line: &[u8], view: &View) -> Self {
        match serde_json::from_slice::<Record>(line) {
            Ok(record) => Self::of_record(&record, view),
            Err(_) => Self {
                at: None,
                time: UNKNOWN.into(),
                launch: UNKNOWN.into(),
                what: "unreadable".into(),
                text: clean(&String::from_utf8_lossy(line)).into_owned(),
                ..Self::default()
            },
        }
    }

    fn of_record(record: &Record, view: &View) -> Self {
        let (what, mut text) = words(&record.body, view);
        if record.replaces.is_some() {
            text += " (corrects an earlier record)";
        }
        if record.evidence != Evidence::Kernel {
            text += &format!(" [{}]", record.evidence);
        }
        let (time, launch) = (view.second(record.at), id(&record.body));
        Self { at: Some(record.at), time, launch, what, text, tone: tone(&record.body) }
    }

    /// Writes the line, without its end.
    pub(crate) fn write(&self, view: &View, out: &mut impl Write) -> io::Result<()> {
        let Self { time, launch, what, text, tone, .. } = self;
        write!(out, "{time}  {launch:8}  {what:8}  {}", toned(view, text, *tone))
    }
}

/// Returns the beginning of the launch's id, else of the session's.
fn id(body: &Body) -> String {
    const LENGTH: usize = 8;
    match (body.launch(), body.session()) {
        (Some(launch), _) => lone_id(launch),
        (None, Some(session)) => clean(&session.chars().take(LENGTH).collect::<String>()).into(),
        (None, None) => NOT_APPLICABLE.into(),
    }
}

fn tone(body: &Body) -> Tone {
    match body {
        Body::ConfigChanged(changed) => config::alarm(config::greatest(&changed.changes)),
        Body::Finding(finding) => config::alarm(finding.risk),
        Body::ZoneEntered(entered) => config::alarm(entered.severity),
        _ => Tone::Plain,
    }
}

/// Returns a record's number in the ledger.
pub(crate) fn seq(line: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Envelope {
        seq: u64,
    }
    serde_json::from_slice::<Envelope>(line).ok().map(|envelope| envelope.seq)
}

fn words(body: &Body, view: &View) -> (String, String) {
    let (what, text) = match body {
        Body::LaunchStarted(launch) => ("started", started(launch, view)),
        Body::LaunchUpdated(launch) => ("learned", learned(launch)),
        Body::LaunchEnded(ended) => ("ended", how_ended(ended, view)),
        Body::DirTouched(touched) => ("in", directory(touched, view)),
        Body::SessionStarted(session) => ("session", format!("began: {}", told(session, view))),
        Body::SessionUpdated(session) => ("session", told(session, view)),
        Body::SessionLinked(linked) => ("linked", linked_to(linked)),
        Body::SessionMade(made) => ("made", made_of(made)),
        Body::FileAccessed(accessed) => ("file", accessed_file(accessed, view)),
        Body::Usage(usage) => ("usage", used(usage)),
        Body::ConfigChanged(changed) => ("config", config::told(changed, view)),
        Body::Finding(finding) => ("finding", found(finding, view)),
        Body::ZoneEntered(entered) => ("zone", zone::entered(entered, view)),
        Body::ZoneAcknowledged(acknowledged) => ("zone", zone::acknowledged(acknowledged)),
        Body::Coverage(coverage) => ("coverage", covered(coverage, view)),
        Body::Pruned(pruned) => ("pruned", gone(pruned)),
        Body::DaemonStarted(run) => ("daemon", daemon(run, "started")),
        Body::DaemonStopped(run) => ("daemon", daemon(run, "stopped")),
        Body::Other { kind, json } => {
            return (clean(kind).into_owned(), clean(json.get()).into_owned());
        }
    };
    (what.to_owned(), text)
}

fn started(launch: &Launch, view: &View) -> String {
    let mut text = format!(
        "{} {}, {}, in {}",
        known(launch.agent.as_deref()),
        known(launch.agent_version.as_deref()),
        known(launch.mode.as_deref()),
        launch.cwd.as_deref().map_or(UNKNOWN.into(), |cwd| view.path(cwd)),
    );
    if let Some(launcher) = &launch.launcher {
        text += &format!(", from {}", clean(&launcher.name));
    }
    if let Some(variables @ [_, ..]) = launch.env.as_deref() {
        text += &format!(", environment: {}", clean(&variables.join(" ")));
    }
    if launch.found_running == Some(true) {
        text += ", was already running";
    }
    text
}

/// Returns the fields that became known or changed.
fn learned(launch: &Launch) -> String {
    let Ok(Value::Object(fields)) = serde_json::to_value(launch) else {
        return UNKNOWN.into();
    };
    let told = fields
        .iter()
        .filter(|(name, _)| *name != "launch")
        .map(|(name, value)| format!("{name} {}", clean(&plain(value))));
    told.collect::<Vec<_>>().join(", ")
}

/// Returns a value's own words, without JSON's signs.
fn plain(value: &Value) -> String {
    let joined = |values: Vec<String>| values.join(" ");
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => joined(values.iter().map(plain).collect()),
        Value::Object(fields) => joined(fields.values().map(plain).collect()),
        other => other.to_string(),
    }
}

fn accessed_file(accessed: &FileAccessed, view: &View) -> String {
    let mut text = format!("{} {}", clean(&accessed.how), view.path(&accessed.path));
    text += &format!(" ({}", clean(&accessed.tool));
    if let Some(outcome) = &accessed.outcome {
        text += &format!(", {}", clean(outcome));
    }
    if accessed.changed {
        text += ", seen to change";
    }
    text + ")"
}

fn used(usage: &Usage) -> String {
    if usage.retracted {
        return "a response that was another's copy counts no more".into();
    }
    let tokens = &usage.tokens;
    let written = tokens.cache_write_5m.saturating_add(tokens.cache_write_1h);
    format!(
        "{}: {} in, {} read from and {} written to a cache, {} out",
        known(usage.model.as_deref()),
        number(tokens.input),
        number(tokens.cache_read),
        number(written),
        number(tokens.output),
    )
}

fn how_ended(ended: &LaunchEnded, view: &View) -> String {
    let mut text = match (ended.exit_code, ended.signal) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "end not seen".into(),
    };
    if let Some(ms) = ended.duration_ms {
        text += &format!(" after {}", duration(ms));
    }
    if let Some(seen) = ended.last_seen {
        text += &format!(", last seen {}", view.second(seen));
    }
    if ended.unread_execs > 0 {
        text += &format!(", {} below it not read", count(ended.unread_execs, "exec", "execs"));
    }
    text
}

fn directory(touched: &DirTouched, view: &View) -> String {
    let mut text = format!("{} ({})", view.path(&touched.dir), clean(&touched.how));
    if let Some(session) = &touched.session {
        text += &format!(", session {}", clean(session));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: &str, evidence: &str, body: &str) -> String {
        let line = format!(
            r#"{{"seq":41,"id":"01a20861-8159-7700-a526-3cdda88b8944","at":"2026-11-23T11:00:00.000Z","recorded_at":"2026-11-23T11:00:00.000Z","kind":"{kind}","evidence":"{evidence}","body":{body}}}"#
        );
        assert_eq!(seq(line.as_bytes()), Some(41));
        let mut out = Vec::new();
        let view = View::plain();
        Entry::of(line.as_bytes(), &view).write(&view, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_launch_is_told_from_start_to_end() {
        let launch = r#""launch":"3f2a9c41-0000-8000-8000-000000000001""#;
        assert_eq!(
            shown(
                "launch.started",
                "kernel",
                &format!(
                    r#"{{{launch},"agent":"claude","agent_version":"2.1.30","mode":"headless","cwd":"/home/ann/x","launcher":{{"kind":"shell","name":"zsh","pid":3}}}}"#
                )
            ),
            "Nov 23 11:00:00  3f2a9c41  started   claude 2.1.30, headless, in ~/x, from zsh"
        );
        assert_eq!(
            shown(
                "launch.started",
                "polled",
                &format!(
                    r#"{{{launch},"agent":"codex","env":["CODEX_HOME","X\u001b"],"found_running":true}}"#
                )
            ),
            "Nov 23 11:00:00  3f2a9c41  started   codex ?, ?, in ?, environment: CODEX_HOME X\\x1b, \
             was already running [polled]"
        );
        assert_eq!(
            shown(
                "launch.updated",
                "kernel",
                &format!(
                    r#"{{{launch},"pid":7,"cwd":"/a\u001b[1m","endpoint":{{"host":"h","how":"env"}}}}"#
                )
            ),
            "Nov 23 11:00:00  3f2a9c41  learned   cwd /a\\x1b[1m, endpoint h env, pid 7"
        );
        assert_eq!(
            shown(
                "dir.touched",
                "kernel",
                &format!(r#"{{{launch},"dir":"/home/ann/y","how":"command"}}"#)
            ),
            "Nov 23 11:00:00  3f2a9c41  in        ~/y (command)"
        );
        assert_eq!(
            shown(
                "launch.ended",
                "kernel",
                &format!(r#"{{{launch},"exit_code":1,"duration_ms":252000,"unread_execs":2}}"#)
            ),
            "Nov 23 11:00:00  3f2a9c41  ended     exit 1 after 4m 12s, 2 execs below it not read"
        );
        assert_eq!(
            shown(
                "launch.ended",
                "inferred",
                &format!(
                    r#"{{{launch},"unknown":true,"last_seen":"2026-11-23T10:59:00.000Z","unread_execs":0}}"#
                )
            ),
            "Nov 23 11:00:00  3f2a9c41  ended     end not seen, last seen Nov 23 10:59:00 [inferred]"
        );
    }

    #[test]
    fn what_a_session_made_is_told() {
        assert_eq!(
            shown(
                "session.made",
                "transcript",
                r#"{"session":"s-1","agent":"claude","what":"pull-request","id":"https://h/w/pull/7","number":7}"#
            ),
            "Nov 23 11:00:00  s-1       made      pull-request #7 https://h/w/pull/7 [transcript]"
        );
    }

    #[test]
    fn a_session_is_told_in_words() {
        let session = r#""session":"01a20861-8159","agent":"claude""#;
        let shown = |kind: &str, body: &str| {
            let line = shown(kind, "transcript", &format!("{{{session}{body}}}"));
            let text = line.strip_prefix("Nov 23 11:00:00  01a20861  session   ").unwrap();
            text.strip_suffix(" [transcript]").unwrap().to_owned()
        };
        assert_eq!(
            shown(
                "session.started",
                r#","agent_version":"2.1.30","cwd":"/home/ann/x","repo":{"root":"/home/ann/x","branch":"main"},"permission_mode":"plan","entrypoint":"cli","transcript":"/home/ann/.claude/projects/x/y.jsonl""#
            ),
            "began: claude 2.1.30, in ~/x, repository ~/x on main, permissions plan, from cli, file \
             ~/.claude/projects/x/y.jsonl"
        );
        for (body, text) in [
            (r#","model":"opus\u001b[1m""#, "model opus\\x1b[1m"),
            (r#","agent_version":"2\u001b[1m""#, "claude 2\\x1b[1m"),
            (
                r#","approval_policy":"never","sandbox":"read-only""#,
                "approval never, sandbox read-only",
            ),
            (r#","cwd":"/tmp","repo_unknown":"timeout""#, "in /tmp, repository unknown: timeout"),
            (r#","parent_session":"p1","descent":"fork""#, "fork of p1"),
            (r#","subagent":"a7","model":"haiku""#, "subagent a7, model haiku"),
            (r#","shell_calls":1,"unresolved_calls":0"#, "1 shell call so far, 0 not resolved"),
            (r#","unresolved_calls":2"#, "? so far, 2 not resolved"),
            (r#","transcript":"/t/y","transcript_gone":true"#, "its file is gone: /t/y"),
            (r#","continued_in":"s2""#, "continued in s2"),
            ("", "claude"),
        ] {
            assert_eq!(shown("session.updated", body), text);
        }
    }

    #[test]
    fn what_a_session_did_is_told() {
        let session = r#""session":"01a20861-8159","agent":"claude""#;
        let line = |kind: &str, evidence: &str, body: &str| {
            let line = shown(kind, evidence, &format!("{{{session},{body}}}"));
            line.strip_prefix("Nov 23 11:00:00  ").unwrap().to_owned()
        };
        let launch = r#""launch":"3f2a9c41-0000-8000-8000-000000000001","how":"environment""#;
        assert_eq!(
            line("session.linked", "kernel", launch),
            "3f2a9c41  linked    is the work of session 01a20861-8159 (environment)"
        );
        assert_eq!(
            line(
                "file.accessed",
                "transcript",
                r#""path":"/home/ann/f","how":"write","tool":"Edit""#
            ),
            "01a20861  file      write ~/f (Edit) [transcript]"
        );
        let failed = r#""path":"/f\u001b[1m","how":"read","tool":"shell","outcome":"failed""#;
        assert_eq!(
            line("file.accessed", "inferred", failed),
            "01a20861  file      read /f\\x1b[1m (shell, failed) [inferred]"
        );
        let tokens = r#""tokens":{"input":1234,"cache_read":5,"cache_write_5m":6,"cache_write_1h":1,"output":8,"reasoning":2}"#;
        assert_eq!(
            line("usage", "transcript", &format!(r#""model":"opus","key":"k",{tokens}"#)),
            "01a20861  usage     opus: 1,234 in, 5 read from and 7 written to a cache, 8 out \
             [transcript]"
        );
        assert_eq!(
            line("usage", "transcript", &format!(r#""key":"k","retracted":true,{tokens}"#)),
            "01a20861  usage     a response that was another's copy counts no more [transcript]"
        );
        assert_eq!(
            line("dir.touched", "transcript", r#""dir":"/home/ann","how":"read""#),
            "01a20861  in        ~ (read), session 01a20861-8159 [transcript]"
        );
    }

    #[test]
    fn the_recorder_speaks_of_itself() {
        assert_eq!(
            shown(
                "coverage",
                "kernel",
                r#"{"source":"poll","state":"lost","from":"2026-11-23T10:00:00.000Z","until":"2026-11-23T10:00:05.000Z","reason":"why","missed":3,"unit":"launches"}"#
            ),
            "Nov 23 11:00:00  -         coverage  poll lost from Nov 23 10:00:00 to 10:00:05: why; missed 3 launches"
        );
        assert_eq!(
            shown(
                "daemon.started",
                "kernel",
                r#"{"version":"0.1.0","boot_id":"b","pid":9,"reason":"service"}"#
            ),
            "Nov 23 11:00:00  -         daemon    trackwayd 0.1.0 started (pid 9): service"
        );
    }

    #[test]
    fn a_finding_is_told_with_what_it_is_about() {
        assert_eq!(
            shown(
                "finding",
                "inferred",
                r#"{"agent":"claude","code":"session-file-vanished","session":"76a56c1b-7339-4881-9b8f-5c9deb6a0f2c","path":"/home/ann/.claude/s.jsonl","since":"2026-11-23T10:00:00.000Z","risk":"medium","why":"It is gone."}"#
            ),
            "Nov 23 11:00:00  76a56c1b  finding   session-file-vanished: It is gone. (~/.claude/s.jsonl) [inferred]"
        );
    }

    #[test]
    fn what_a_newer_daemon_says_is_shown_as_it_is() {
        assert_eq!(
            shown("weather.changed", "kernel", r#"{"sky":"blue"}"#),
            r#"Nov 23 11:00:00  -         weather.changed  {"sky":"blue"}"#
        );
        assert!(shown("coverage", "telepathy", "{}").starts_with("?  ?         unreadable  {"));
    }
}
