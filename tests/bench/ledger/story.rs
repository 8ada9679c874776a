//! A year of work with agents on one workstation, as records: invented, and the same each time.
//!
//! Launches last from seconds to days and overlap; most work in one clone of a repository and look
//! into others; some repositories have several clones, with the remote spelled one way or another.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use trackway_protocol::ids::{LaunchId, ProcessKey, RecordId, Timestamp};
use trackway_protocol::record::{
    Body, DirTouched, Endpoint, Evidence, Launch, LaunchEnded, Launcher, Record, Repo,
};

/// Records per launch, on average.
const PER_LAUNCH: u64 = 20;
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const DAYS: i64 = 365;

/// The records in their order, up to a number of them.
pub(crate) struct Story {
    dice: Dice,
    clones: Vec<Checkout>,
    begin: i64,
    launches: u64,
    launched: u64,
    /// What happens later, by time and number.
    pending: BTreeMap<Reverse<(i64, u64)>, Body>,
    planned: u64,
    seq: u64,
    records: u64,
}

/// A clone of a repository, with the directories in which something happens.
struct Checkout {
    repo: Repo,
    dirs: Vec<String>,
}

impl Story {
    /// Begins a story of so many records that ends at `end`.
    pub(crate) fn new(records: u64, end: Timestamp) -> Self {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let clones = (0..120).flat_map(|number| checkouts(number, &mut dice)).collect();
        let begin = (end.ms().div_euclid(DAY) - DAYS) * DAY;
        let (launches, pending) = (records.div_ceil(PER_LAUNCH).max(1), BTreeMap::new());
        Self { dice, clones, begin, launches, launched: 0, pending, planned: 0, seq: 0, records }
    }

    /// Returns when launch `number` starts: people work for fourteen hours, midnight UTC among them.
    fn start_of(&self, number: u64) -> i64 {
        let at = DAYS as f64 * number as f64 / self.launches as f64;
        let time = 15.0 * HOUR as f64 + at.fract() * 14.0 * HOUR as f64;
        self.begin - DAY + at as i64 * DAY + time as i64
    }

    fn plan(&mut self, at: i64, body: Body) {
        self.planned += 1;
        self.pending.insert(Reverse((at, self.planned)), body);
    }

    fn plan_launch(&mut self) {
        let start = self.start_of(self.launched);
        self.launched += 1;
        let key = ProcessKey { boot_id: "story".into(), pid: 1, start_ticks: self.launched };
        let launch = LaunchId::of(&key);
        let home = self.dice.low(self.clones.len());
        let (cwd, repo) = (self.clones[home].repo.root.clone(), self.clones[home].repo.clone());
        let (mode, length, touches) = match self.dice.below(100) {
            0..70 => ("headless", self.dice.between(10 * SECOND, 5 * MINUTE), 8),
            70..97 => ("interactive", self.dice.between(5 * MINUTE, 3 * HOUR), 34),
            _ => ("interactive", self.dice.between(8 * HOUR, 2 * DAY), 80),
        };
        let started = self.started(launch, mode, &cwd, &repo);
        self.plan(start, Body::LaunchStarted(Box::new(started)));
        let agent_version = Some(format!("2.0.{}", self.launched / 999));
        let updated = Launch { launch, agent_version, ..Launch::default() };
        self.plan(start + 40, Body::LaunchUpdated(Box::new(updated)));
        self.plan(start + 1, touch(launch, cwd, Some(repo), "launch"));
        for _ in 0..self.dice.below(2 * touches) {
            let at = start + self.dice.between(SECOND, length);
            let body = self.touched(launch, home);
            self.plan(at, body);
        }
        self.plan(start + length, Body::LaunchEnded(ended(launch, length)));
    }

    fn started(&mut self, launch: LaunchId, mode: &str, cwd: &str, repo: &Repo) -> Launch {
        let (agent, host) = match self.dice.below(10) {
            0..7 => ("claude", "api.anthropic.com"),
            _ => ("codex", "api.openai.com"),
        };
        let flags = match self.dice.below(10) {
            0 => vec!["--permission-mode=bypassPermissions".to_owned()],
            1 => vec!["--permission-mode=plan".to_owned()],
            _ => Vec::new(),
        };
        Launch {
            launch,
            agent: Some(agent.into()),
            layout: Some("native".into()),
            mode: Some(mode.into()),
            pid: Some(1000 + self.dice.below(99_000) as u32),
            exe: Some(format!("/home/user/.local/share/{agent}/versions/2.0.1")),
            argv: Some([&[agent.to_owned()], &flags[..]].concat()),
            flags: Some(flags),
            cwd: Some(cwd.into()),
            repo: Some(repo.clone()),
            tty: Some(format!("pts/{}", self.dice.below(9))),
            launcher: Some(Launcher { kind: "shell".into(), name: "bash".into(), pid: 999 }),
            endpoint: Some(Endpoint { host: host.into(), how: "default".into() }),
            namespace: Some("host".into()),
            ..Launch::default()
        }
    }

    /// Returns one touch of a launch that is at home in a clone.
    fn touched(&mut self, launch: LaunchId, home: usize) -> Body {
        let hows = ["command", "command", "command", "command", "chdir", "write", "helper"];
        let how = hows[self.dice.below(hows.len() as u64) as usize];
        let clone = match self.dice.below(100) {
            0..3 => return touch(launch, format!("/tmp/agent-{}", self.launched), None, how),
            3..9 => self.dice.low(self.clones.len()),
            _ => home,
        };
        let clone = &self.clones[clone];
        let dir = clone.dirs[self.dice.low(clone.dirs.len())].clone();
        match (touch(launch, dir, Some(clone.repo.clone()), how), self.dice.below(2000)) {
            (Body::DirTouched(touched), 0) => {
                let unknown = Some("timeout".to_owned());
                Body::DirTouched(DirTouched { repo: None, repo_unknown: unknown, ..touched })
            }
            (body, _) => body,
        }
    }
}

impl Iterator for Story {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.seq == self.records {
            return None;
        }
        let next = |story: &Self| story.pending.last_key_value().map(|(key, _)| key.0.0);
        while next(self).is_none_or(|at| self.start_of(self.launched) <= at) {
            self.plan_launch();
        }
        let (Reverse((at, _)), body) = self.pending.pop_last()?;
        self.seq += 1;
        let at = Timestamp::from_ms(at);
        let (seq, id, evidence) = (self.seq, RecordId::new(), Evidence::Kernel);
        Some(Record { seq, id, at, recorded_at: at, evidence, replaces: None, body })
    }
}

fn touch(launch: LaunchId, dir: String, repo: Option<Repo>, how: &str) -> Body {
    let (session, agent, dir_b64, repo_unknown) = (None, None, None, None);
    let (launch, how) = (Some(launch), how.to_owned());
    Body::DirTouched(DirTouched { launch, session, agent, dir, dir_b64, repo, repo_unknown, how })
}

fn ended(launch: LaunchId, length: i64) -> LaunchEnded {
    LaunchEnded {
        launch,
        exit_code: Some(0),
        signal: None,
        unknown: false,
        duration_ms: Some(length.cast_unsigned()),
        last_seen: None,
        unread_execs: 0,
    }
}

/// Returns the clones of one repository.
fn checkouts(number: u64, dice: &mut Dice) -> Vec<Checkout> {
    let remotes = ["https://github.com/team/part-{}.git", "git@github.com:team/part-{}"];
    let clones = if number.is_multiple_of(4) { 2 } else { 1 };
    let checkout = |clone: u64| {
        let remote = remotes[(clone % 2) as usize].replace("{}", &number.to_string());
        let root = format!("/home/user/src{clone}/part-{number}");
        let mut dirs = vec![root.clone()];
        for sub in 1..dice.between(20, 120) {
            let parent = &dirs[dice.low(dirs.len())];
            dirs.push(format!("{parent}/dir{sub}"));
        }
        let repo = Repo {
            root,
            remote: (!number.is_multiple_of(10)).then_some(remote),
            branch: Some("main".into()),
            commit: Some(format!("{:040x}", dice.below(u64::MAX))),
            ..Repo::default()
        };
        Checkout { repo, dirs }
    };
    (0..clones).map(checkout).collect()
}

/// Throws the same numbers each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % end.max(1)
    }

    fn between(&mut self, begin: i64, end: i64) -> i64 {
        begin + self.below((end - begin).cast_unsigned()).cast_signed()
    }

    /// Returns an index, a low one more often: few places see most of the work.
    fn low(&mut self, length: usize) -> usize {
        let share = self.below(1 << 20) as f64 / f64::from(1 << 20);
        (share.powi(3) * length as f64) as usize
    }
}
