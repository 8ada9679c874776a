//! What went on in a range, added up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::report::{AgentUse, ReadUnder, Totals};
use trackway_report::prices::PriceList;

use super::super::super::project::how::{HELPER, bit};
use super::super::super::project::launch::unreadable;
use super::super::super::project::sayings::texts;
use super::super::spent::{Spent, counted};
use super::accesses;
use super::keys::{Gathered, Keyed, Keys};
use super::models::Models;
use super::quarters;
use super::wanted::{Met, Wanted};

/// What is elsewhere than in a repository that is known.
pub(super) const ELSEWHERE: i64 = 0;

/// How much of a range is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// All of it.
    Whole,
    /// What [`Sums::totals`] returns.
    Totals,
}

/// Sums of one range.
pub(super) struct Sums {
    depth: Depth,
    /// All repositories together, once what went on in each is known.
    all: Everywhere,
    repos: Keyed<Place>,
    spent_by_quarter: BTreeMap<i64, Spent>,
    models: Models,
    /// Agents, versions and so on, and how many launches.
    agents: BTreeMap<AgentUse, u64>,
    /// When launches began.
    starts: Vec<i64>,
}

/// What was accessed in a range: what takes longest to read, and is added to the rest.
pub(crate) struct Accessed {
    sums: Sums,
    /// What the numbers stand for by which it is told where what was read may have gone.
    unders: Vec<ReadUnder>,
}

/// What went on in all repositories.
#[derive(Default)]
struct Everywhere {
    quarters: Keys,
    launches: Keys,
    sessions: Keys,
    dirs: Keys,
    read: Gathered,
    written: Gathered,
    spent: Spent,
}

/// What went on in one repository.
#[derive(Default)]
pub(super) struct Place {
    pub(super) quarters: Keys,
    pub(super) launches: Keys,
    pub(super) sessions: Keys,
    /// How often each directory was touched.
    pub(super) dirs: Keyed<u64>,
    /// A set of ways of touching, by their numbers.
    pub(super) hows: i64,
    pub(super) agents: BTreeSet<String>,
    pub(super) read: Gathered,
    pub(super) written: Gathered,
    /// By the number of where it may have gone.
    pub(super) read_under: BTreeMap<usize, Gathered>,
    pub(super) spent: Spent,
}

/// Who did something: the keys of a launch and of a session, each 0 where there is none. Of both there is
/// never more than one: a process was the witness, or a session file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Doer {
    launch: i64,
    session: i64,
}

/// Who accessed the last file, and in which repository: mostly that of the next.
struct Last {
    doer: Doer,
    repo: i64,
    is_wanted: bool,
    /// The number of where it may have gone, once that was asked.
    under: Option<usize>,
}

impl Accessed {
    /// Adds up what was accessed in a range.
    pub(super) fn of(
        tx: &Connection,
        wanted: &Wanted,
        (range, depth): ((Timestamp, Timestamp), Depth),
    ) -> rusqlite::Result<Self> {
        let (mut sums, mut met) = (Sums::new(depth), Met::new(tx, range));
        sums.add_accesses(tx, wanted, range, &mut met)?;
        Ok(Self { sums, unders: met.into_unders() })
    }
}

impl Sums {
    /// Adds up what went on in a range that begins and ends with a quarter-hour, but for what was accessed.
    pub(super) fn of(
        tx: &Connection,
        wanted: &Wanted,
        (range, depth): ((Timestamp, Timestamp), Depth),
        prices: &PriceList,
    ) -> rusqlite::Result<Self> {
        let (mut sums, mut met) = (Self::new(depth), Met::new(tx, range));
        sums.add_touches(tx, wanted, range, &mut met)?;
        sums.add_usage(tx, wanted, range, &mut met, prices)?;
        Ok(sums)
    }

    /// Adds what was accessed in the range, and what takes that to be told. Returns where what was read may
    /// have gone.
    pub(super) fn complete(
        &mut self,
        tx: &Connection,
        wanted: &Wanted,
        range: (Timestamp, Timestamp),
        accessed: Accessed,
    ) -> rusqlite::Result<Vec<ReadUnder>> {
        for (repo, place) in accessed.sums.repos {
            self.repos.entry(repo).or_default().add(place);
        }
        self.add_up();
        // Last, since where launches were is known by then.
        self.add_launches(tx, wanted, range)?;
        Ok(accessed.unders)
    }

    fn new(depth: Depth) -> Self {
        let (all, repos, spent_by_quarter, models, agents, starts) = Default::default();
        Self { depth, all, repos, spent_by_quarter, models, agents, starts }
    }

    /// Adds up what went on in each repository.
    fn add_up(&mut self) {
        for place in self.repos.values() {
            self.all.quarters.extend(&place.quarters);
            self.all.launches.extend(&place.launches);
            self.all.sessions.extend(&place.sessions);
            self.all.dirs.extend(place.dirs.keys());
            self.all.read.extend(&place.read);
            self.all.written.extend(&place.written);
            self.all.spent.add(&place.spent);
        }
    }

    /// Whether anything depends on which agent did something.
    fn needs_agent(&self, wanted: &Wanted) -> bool {
        self.depth == Depth::Whole || wanted.names_agent()
    }

    /// What helpers do of themselves is left out, as elsewhere.
    fn add_touches(
        &mut self,
        tx: &Connection,
        wanted: &Wanted,
        range: (Timestamp, Timestamp),
        met: &mut Met<'_>,
    ) -> rusqlite::Result<()> {
        let sql = "SELECT quarter, dir, launch, session, how, repo FROM dir_touch
            WHERE quarter >= ? AND quarter < ?";
        let mut statement = tx.prepare_cached(sql)?;
        let mut rows = statement.query(quarters(range))?;
        let needs_agent = self.needs_agent(wanted);
        let mut last = None;
        while let Some(row) = rows.next()? {
            let (dir, how, repo): (i64, i64, i64) = (row.get(1)?, row.get(4)?, row.get(5)?);
            if how == HELPER || !wanted.has_place(dir, repo) {
                continue;
            }
            let doer = match row.get_ref(3)?.as_str()? {
                "" => Doer { launch: row.get(2)?, session: 0 },
                id => Doer { launch: 0, session: met.named(id)? },
            };
            let agent = if needs_agent { agent_of(met, doer)? } else { "" };
            if wanted.has_agent(agent) {
                let (quarter, repo) = (row.get(0)?, repo.max(ELSEWHERE));
                let is_known = last.replace((quarter, doer, repo)) == last;
                let place = self.repos.entry(repo).or_default();
                if !is_known {
                    place.meet(doer, agent);
                    place.quarters.insert(quarter);
                }
                *place.dirs.entry(dir).or_default() += 1;
                place.hows |= bit(how);
            }
        }
        Ok(())
    }

    fn add_accesses(
        &mut self,
        tx: &Connection,
        wanted: &Wanted,
        range: (Timestamp, Timestamp),
        met: &mut Met<'_>,
    ) -> rusqlite::Result<()> {
        let with_agent = self.needs_agent(wanted);
        let (sql, values) = accesses::query(range, wanted.dir.as_deref(), with_agent);
        let mut last = None;
        let mut statement = tx.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut repos = tx.prepare_cached(accesses::REPOS)?;
        while let Some(row) = rows.next()? {
            match row.get(4)? {
                accesses::SEVERAL => {
                    let mut repos = repos.query([row.get::<_, i64>(0)?])?;
                    while let Some(repo) = repos.next()? {
                        self.add_access(wanted, (row, repo.get(0)?), met, &mut last)?;
                    }
                }
                repo => self.add_access(wanted, (row, repo), met, &mut last)?,
            }
        }
        Ok(())
    }

    fn add_access(
        &mut self,
        wanted: &Wanted,
        (row, repo): (&Row<'_>, i64),
        met: &mut Met<'_>,
        last: &mut Option<Last>,
    ) -> rusqlite::Result<()> {
        let doer = match row.get(1)? {
            0 => Doer { launch: row.get(2)?, session: 0 },
            session => Doer { launch: 0, session },
        };
        let last = match last {
            // Whoever did it, did it as the same agent.
            Some(last) if (last.doer, last.repo) == (doer, repo) && doer != Doer::NOBODY => last,
            last => {
                let agent = if self.needs_agent(wanted) { row.get_ref(5)?.as_str()? } else { "" };
                let is_wanted = wanted.has_agent(agent) && wanted.has_repo(repo);
                if is_wanted {
                    self.repos.entry(repo).or_default().meet(doer, agent);
                }
                last.insert(Last { doer, repo, is_wanted, under: None })
            }
        };
        if !last.is_wanted {
            return Ok(());
        }
        let (place, file) = (self.repos.entry(repo).or_default(), row.get(0)?);
        if !row.get::<_, bool>(3)? {
            place.written.push(file);
            return Ok(());
        }
        place.read.push(file);
        if self.depth == Depth::Whole {
            let under = match last.under {
                Some(under) => under,
                None => {
                    let agent = row.get_ref(5)?.as_str()?;
                    *last.under.insert(met.under((doer.launch, doer.session), agent)?)
                }
            };
            place.read_under.entry(under).or_default().push(file);
        }
        Ok(())
    }

    fn add_usage(
        &mut self,
        tx: &Connection,
        wanted: &Wanted,
        range: (Timestamp, Timestamp),
        met: &mut Met<'_>,
        prices: &PriceList,
    ) -> rusqlite::Result<()> {
        let sql = "SELECT quarter, session, model, responses, input, cache_read, cache_write_5m,
                cache_write_1h, output, reasoning
            FROM usage_quarter WHERE quarter >= ? AND quarter < ?";
        let mut statement = tx.prepare_cached(sql)?;
        let mut rows = statement.query(quarters(range))?;
        let mut name = tx.prepare_cached("SELECT name FROM model WHERE key = ?")?;
        while let Some(row) = rows.next()? {
            let session = met.session(row.get(1)?)?;
            if !wanted.has_agent(&session.agent)
                || !wanted.has_cwd(session.cwd.as_deref(), session.repo)
            {
                continue;
            }
            let key = row.get(2)?;
            let name = || name.query_row([key], |row| row.get(0));
            let model = self.models.of(key, &session.agent, name, prices)?;
            let (responses, tokens) = counted(row, 3)?;
            let (quarter, spent) = (row.get(0)?, Spent::by(responses, tokens, model.price));
            let doer = Doer { launch: 0, session: session.key };
            model.spent.add(&spent);
            model.sessions.insert(doer.session);
            let place = self.repos.entry(session.repo.unwrap_or(ELSEWHERE)).or_default();
            place.meet(doer, &session.agent);
            place.quarters.insert(quarter);
            place.spent.add(&spent);
            if self.depth == Depth::Whole {
                self.spent_by_quarter.entry(quarter).or_default().add(&spent);
            }
        }
        Ok(())
    }

    /// Adds the launches that ran in the range. Those that began in it and those that ran into it are
    /// found by different indexes.
    fn add_launches(
        &mut self,
        tx: &Connection,
        wanted: &Wanted,
        (from, until): (Timestamp, Timestamp),
    ) -> rusqlite::Result<()> {
        let sql = "SELECT l.key, l.started_at, ifnull(l.agent, ''), k.mode, k.endpoint, l.flags,
                l.facts, l.cwd, l.repo
            FROM (SELECT key FROM launch WHERE started_at >= ?1 AND started_at < ?2
                UNION ALL SELECT key FROM launch WHERE ended_at >= ?1 AND started_at < ?1
                UNION ALL SELECT key FROM launch WHERE ended_at IS NULL AND started_at < ?1) w
            CROSS JOIN launch l ON l.key = w.key LEFT JOIN kind k ON k.key = l.kind";
        let mut statement = tx.prepare_cached(sql)?;
        let mut rows = statement.query(params![from.ms(), until.ms()])?;
        while let Some(row) = rows.next()? {
            let (key, agent): (i64, String) = (row.get(0)?, row.get(2)?);
            let repo: Option<i64> = row.get(8)?;
            let is_there = wanted.is_anywhere()
                || self.all.launches.contains(&key)
                || wanted.has_cwd(row.get_ref(7)?.as_str_or_null()?, repo);
            if !wanted.has_agent(&agent) || !is_there {
                continue;
            }
            let started_at: i64 = row.get(1)?;
            if started_at >= from.ms() {
                self.starts.push(started_at);
            }
            let doer = Doer { launch: key, session: 0 };
            self.all.launches.insert(key);
            if let Some(repo) = repo.filter(|repo| wanted.has_repo(*repo)) {
                self.repos.entry(repo).or_default().meet(doer, &agent);
            }
            if self.depth == Depth::Totals {
                continue;
            }
            *self.agents.entry(agent_use(row, agent)?).or_default() += 1;
        }
        Ok(())
    }

    pub(super) fn totals(&self) -> Totals {
        let all = &self.all;
        Totals {
            launches: all.launches.len() as u64,
            sessions: all.sessions.len() as u64,
            repos: self.repos.keys().filter(|repo| **repo != ELSEWHERE).count() as u64,
            dirs: all.dirs.len() as u64,
            files_read: all.read.count(),
            files_written: all.written.count(),
            active_quarters: all.quarters.len() as u64,
            use_: all.spent.total(),
        }
    }

    pub(super) fn repos(&self) -> &Keyed<Place> {
        &self.repos
    }

    pub(super) fn sessions(&self) -> impl Iterator<Item = i64> {
        self.all.sessions.iter().copied()
    }

    pub(super) fn quarters(&self) -> impl Iterator<Item = i64> {
        self.all.quarters.iter().copied()
    }

    pub(super) fn starts(&self) -> impl Iterator<Item = Timestamp> {
        self.starts.iter().copied().map(Timestamp::from_ms)
    }

    pub(super) fn spent_by_quarter(&self) -> impl Iterator<Item = (i64, &Spent)> {
        self.spent_by_quarter.iter().map(|(quarter, spent)| (*quarter, spent))
    }

    pub(super) fn agents(&self) -> Vec<AgentUse> {
        let with_count =
            |(each, launches): (&AgentUse, &u64)| AgentUse { launches: *launches, ..each.clone() };
        let mut agents: Vec<AgentUse> = self.agents.iter().map(with_count).collect();
        agents.sort_by_key(|agent| Reverse(agent.launches));
        agents
    }

    pub(super) fn models(&self) -> &Models {
        &self.models
    }
}

impl Doer {
    const NOBODY: Self = Self { launch: 0, session: 0 };
}

impl Place {
    /// Adds what was accessed there, which nothing else tells.
    fn add(&mut self, accessed: Self) {
        let Self { launches, sessions, agents, read, written, read_under, .. } = accessed;
        self.launches.extend(launches);
        self.sessions.extend(sessions);
        self.agents.extend(agents);
        (self.read, self.written, self.read_under) = (read, written, read_under);
    }

    fn meet(&mut self, doer: Doer, agent: &str) {
        if doer.launch != 0 {
            self.launches.insert(doer.launch);
        }
        if doer.session != 0 {
            self.sessions.insert(doer.session);
        }
        if !agent.is_empty() && !self.agents.contains(agent) {
            self.agents.insert(agent.to_owned());
        }
    }
}

fn agent_of<'a>(met: &'a mut Met<'_>, doer: Doer) -> rusqlite::Result<&'a str> {
    match doer {
        Doer { launch: 0, session } => Ok(&met.session(session)?.agent),
        Doer { launch, .. } => Ok(&met.launch(launch)?.0),
    }
}

fn agent_use(row: &Row<'_>, agent: String) -> rusqlite::Result<AgentUse> {
    let text = |column| -> rusqlite::Result<Option<String>> {
        Ok(row.get::<_, Option<String>>(column)?.filter(|text| !text.is_empty()))
    };
    let facts = row.get_ref(6)?.as_str_or_null()?;
    let told =
        facts.map(|facts| texts(facts, ["agent_version"])).transpose().map_err(unreadable)?;
    let [version] = told.unwrap_or_default();
    let flags = row.get_ref(5)?.as_str_or_null()?;
    Ok(AgentUse {
        agent: if agent.is_empty() { "unknown".to_owned() } else { agent },
        version,
        mode: text(3)?,
        endpoint: text(4)?,
        flags: flags.and_then(|flags| serde_json::from_str(flags).ok()).unwrap_or_default(),
        launches: 0,
    })
}
