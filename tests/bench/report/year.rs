//! A year of sessions at a steady pace, as records: invented, and the same each time but for its end,
//! which is now.

use trackway_protocol::ids::{LaunchId, ProcessKey, RecordId, Timestamp};
use trackway_protocol::record::{
    Body, DaemonRun, DirTouched, Endpoint, Evidence, FileAccessed, Launch, LaunchEnded, Record,
    Repo, Session, SessionLinked, Tokens, Usage,
};

/// Of a session: responses, touched directories and accessed files.
const RESPONSES: u64 = 40;
const DIRS: u64 = 12;
const FILES: u64 = 24;
/// Besides these: start of launch and session, link, touch, end.
const OTHERS: u64 = 5;
/// Responses of a week.
const PER_WEEK: u64 = 1_000_000 / 52;
const SECOND: i64 = 1000;
const HOUR: i64 = 60 * 60 * SECOND;
const WEEK: i64 = 7 * 24 * HOUR;
const MODELS: [&str; 4] = ["claude-opus-4-5", "claude-sonnet-4-5", "gpt-5.1-codex", "nobody-knows"];

/// The records in their order.
pub(crate) struct Year {
    sessions: u64,
    session: u64,
    /// Of the session, the next last.
    pending: Vec<(Timestamp, Evidence, Body)>,
    begin: i64,
    seq: u64,
}

impl Year {
    /// Begins a story of so many responses that ends now.
    pub(crate) fn new(responses: u64) -> Self {
        let length = WEEK as f64 * responses as f64 / PER_WEEK as f64;
        let begin = Timestamp::now().ms() - length as i64;
        let run = DaemonRun { boot_id: "story".into(), ..DaemonRun::default() };
        let start = (Timestamp::from_ms(begin), Evidence::Kernel, Body::DaemonStarted(run));
        let sessions = responses / RESPONSES;
        Self { sessions, session: 0, pending: vec![start], begin, seq: 0 }
    }

    /// Returns how many records there are.
    pub(crate) fn len(&self) -> u64 {
        1 + self.sessions * (RESPONSES + DIRS + FILES + OTHERS)
    }

    fn plan(&mut self) {
        let number = self.session;
        self.session += 1;
        let per_session = WEEK as f64 * RESPONSES as f64 / PER_WEEK as f64;
        let start = self.begin + (number as f64 * per_session) as i64;
        // Few repositories see most of the work.
        let place = (number * number + number / 7) % 60;
        let repo = Repo {
            root: format!("/home/user/src/part-{place}"),
            remote: Some(format!("https://github.com/team/part-{place}")),
            branch: Some("main".into()),
            ..Repo::default()
        };
        let key = ProcessKey { boot_id: "story".into(), pid: 1, start_ticks: number };
        let (launch, id) =
            (LaunchId::of(&key), format!("{number:08x}-0000-4000-8000-000000000000"));
        let agent = if number.is_multiple_of(3) { "codex" } else { "claude" };
        let one = One { launch, id, agent, repo, number };
        let mut facts = one.facts();
        // Over a quarter of an hour to two hours.
        let step = SECOND * (10 + (number % 7).cast_signed() * 10);
        for (index, (evidence, body)) in facts.drain(..).enumerate() {
            let at = Timestamp::from_ms(start + index as i64 * step);
            self.pending.push((at, evidence, body));
        }
        self.pending.reverse();
    }
}

/// One session and its launch.
struct One {
    launch: LaunchId,
    id: String,
    agent: &'static str,
    repo: Repo,
    number: u64,
}

impl One {
    fn facts(&self) -> Vec<(Evidence, Body)> {
        let Self { launch, id, agent, repo, number } = self;
        let (cwd, agent) = (Some(repo.root.clone()), (*agent).to_owned());
        let started = Launch {
            launch: *launch,
            agent: Some(agent.clone()),
            agent_version: Some(format!("2.0.{}", number / 2000)),
            mode: Some("interactive".into()),
            flags: Some(Vec::new()),
            cwd: cwd.clone(),
            repo: Some(repo.clone()),
            endpoint: Some(Endpoint { host: format!("api.{agent}.test"), how: "default".into() }),
            ..Launch::default()
        };
        let session = Session {
            session: id.clone(),
            agent: agent.clone(),
            cwd,
            repo: Some(repo.clone()),
            permission_mode: Some("default".into()),
            transcript: Some(format!("/home/user/.{agent}/{id}.jsonl")),
            ..Session::default()
        };
        let linked = SessionLinked {
            session: id.clone(),
            agent,
            launch: *launch,
            how: "environment".into(),
        };
        let ended = LaunchEnded {
            launch: *launch,
            exit_code: Some(0),
            signal: None,
            unknown: false,
            duration_ms: None,
            last_seen: None,
            unread_execs: 0,
        };
        let mut facts = vec![
            (Evidence::Kernel, Body::LaunchStarted(Box::new(started))),
            (Evidence::Kernel, self.touched(Some(*launch), None, repo.root.clone(), "launch")),
            (Evidence::Transcript, Body::SessionStarted(Box::new(session))),
            (Evidence::Kernel, Body::SessionLinked(linked)),
        ];
        for step in 0..RESPONSES {
            facts.push((Evidence::Transcript, self.used(step)));
            if step < DIRS {
                let dir = format!("{}/dir{}", repo.root, (number + step) % 50);
                let body = self.touched(None, Some(id.clone()), dir, "read");
                facts.push((Evidence::Transcript, body));
            }
            if step < FILES {
                facts.push((Evidence::Transcript, self.accessed(step)));
            }
        }
        facts.push((Evidence::Kernel, Body::LaunchEnded(ended)));
        facts
    }

    fn touched(
        &self,
        launch: Option<LaunchId>,
        session: Option<String>,
        dir: String,
        how: &str,
    ) -> Body {
        Body::DirTouched(DirTouched {
            launch,
            session,
            agent: None,
            dir,
            dir_b64: None,
            repo: Some(self.repo.clone()),
            repo_unknown: None,
            how: how.into(),
        })
    }

    fn used(&self, step: u64) -> Body {
        let model = MODELS[((self.number + step / 30) % 4) as usize];
        Body::Usage(Box::new(Usage {
            session: self.id.clone(),
            subagent: None,
            agent: self.agent.into(),
            model: Some(model.into()),
            response_id: None,
            key: format!("{}-{step}", self.id),
            retracted: false,
            tokens: Tokens {
                input: 100 + step,
                cache_read: 20_000 + 100 * step,
                cache_write_5m: 900,
                cache_write_1h: 0,
                output: 500,
                reasoning: 100,
            },
        }))
    }

    fn accessed(&self, step: u64) -> Body {
        let (dir, file) = ((self.number + step) % 50, (self.number * 7 + step) % 400);
        Body::FileAccessed(Box::new(FileAccessed {
            launch: None,
            session: Some(self.id.clone()),
            subagent: None,
            agent: self.agent.into(),
            path: format!("{}/dir{dir}/file-{file}.rs", self.repo.root),
            path_as_told: None,
            repo: Some(self.repo.clone()),
            repo_unknown: None,
            how: if step.is_multiple_of(4) { "write" } else { "read" }.into(),
            tool: "Read".into(),
            changed: false,
            outcome: None,
            lines_added: None,
            lines_removed: None,
        }))
    }
}

impl Iterator for Year {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.pending.is_empty() && self.session < self.sessions {
            self.plan();
        }
        let (at, evidence, body) = self.pending.pop()?;
        self.seq += 1;
        let (seq, id) = (self.seq, RecordId::new());
        Some(Record { seq, id, at, recorded_at: at, evidence, replaces: None, body })
    }
}
