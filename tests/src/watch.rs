//! A world with a daemon that watches it: what every test begins with.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use trackway_protocol::ids::LaunchId;
use trackway_protocol::record::Body;
use trackway_protocol::row::{DirRow, LaunchRow};

use crate::agent::{self, Agent};
use crate::daemon::Daemon;
use crate::world::World;

/// The file with the daemon's system calls.
const TRACE: &str = "trace";

/// A test's world and its daemon, and a shell's environment that both share.
#[derive(Debug)]
pub struct Watch {
    /// The daemon. It goes first: the world is its home.
    pub daemon: Daemon,
    /// The world.
    pub world: World,
    /// The environment of the user's shell: of the daemon, and of every agent.
    pub env: Vec<(String, String)>,
}

impl Watch {
    /// Makes a world with `agents` on its `PATH`, and starts a daemon.
    #[must_use]
    pub fn start(agents: &[Agent]) -> Self {
        Self::prepare(agents, Daemon::start)
    }

    /// Like [`Watch::start`], below `strace`: see [`Watch::trace`].
    #[must_use]
    pub fn start_traced(agents: &[Agent]) -> Self {
        Self::prepare(agents, |world, env| {
            Daemon::start_traced(world, env, &world.root().join(TRACE))
        })
    }

    /// The system calls about sockets that a traced daemon made.
    #[must_use]
    pub fn trace(&self) -> String {
        fs::read_to_string(self.world.root().join(TRACE)).expect("strace wrote it")
    }

    /// Like [`Watch::start`], with a world that `furnish` changes first.
    #[must_use]
    pub fn start_in(agents: &[Agent], furnish: impl FnOnce(&World)) -> Self {
        Self::prepare(agents, |world, env| {
            furnish(world);
            Daemon::start(world, env)
        })
    }

    /// Like [`Watch::start_in`] without agents; the daemon runs below the program that `furnish`
    /// returns, with its arguments.
    #[must_use]
    pub fn start_below(furnish: impl FnOnce(&World) -> Vec<OsString>) -> Self {
        Self::prepare(&[], |world, env| {
            let below = furnish(world);
            Daemon::start_below(world, env, below)
        })
    }

    /// Like [`Watch::start`], by a shell that takes these rights away from new files.
    #[must_use]
    pub fn start_with_umask(umask: &str) -> Self {
        Self::prepare(&[], |world, env| Daemon::start_with_umask(world, env, umask))
    }

    fn prepare(
        agents: &[Agent],
        start: impl FnOnce(&World, &[(String, String)]) -> Daemon,
    ) -> Self {
        let world = World::new();
        agent::furnish(&world);
        let env = agent::environment(&world, agents);
        let daemon = start(&world, &env);
        Self { daemon, world, env }
    }

    /// Whether a path, as the daemon tells it, lies in this world.
    #[must_use]
    pub fn is_ours(&self, path: Option<&str>) -> bool {
        path.is_some_and(|path| Path::new(path).starts_with(self.world.root()))
    }

    /// The launches in this world, the first one first.
    #[must_use]
    pub fn launches(&self) -> Vec<LaunchRow> {
        let mut launches = self.daemon.launches();
        launches.retain(|row| self.is_ours(row.cwd.as_deref()) || self.is_ours(row.exe.as_deref()));
        launches.sort_by_key(|row| row.started_at);
        launches
    }

    /// How many launches in this world were counted, but not named.
    #[must_use]
    pub fn missed(&self) -> u64 {
        let mut gaps = self.daemon.gaps();
        // The reason names the program; there are other tests' programs in this daemon's sight.
        let root = self.world.root().display().to_string();
        gaps.retain(|gap| gap.unit.as_deref() == Some("launches") && gap.reason.contains(&root));
        gaps.iter().filter_map(|gap| gap.missed).sum()
    }

    /// The directories of a launch that were touched in this way, sorted.
    #[must_use]
    pub fn dirs(&self, launch: LaunchId, how: &str) -> Vec<PathBuf> {
        let mut rows = self.daemon.dirs(launch);
        rows.retain(|row| row.how.iter().any(|known| known == how));
        let mut dirs: Vec<_> = rows.into_iter().map(|row| PathBuf::from(row.dir)).collect();
        dirs.sort();
        dirs
    }

    /// The directories that a session touched in this way, sorted.
    #[must_use]
    pub fn dirs_of_session(&self, session: &str, how: &str) -> Vec<PathBuf> {
        let mut rows: Vec<DirRow> = self.daemon.rows(&["dirs", "--session", session, "--all"]);
        rows.retain(|row| row.how.iter().any(|known| known == how));
        let mut dirs: Vec<_> = rows.into_iter().map(|row| PathBuf::from(row.dir)).collect();
        dirs.sort();
        dirs
    }

    /// Waits until the start of the launch with this outermost process is recorded.
    pub fn wait_for_start(&self, pid: u32) -> LaunchId {
        self.daemon.wait_for(&format!("the start of {pid}"), |record| match &record.body {
            Body::LaunchStarted(launch) if launch.pid == Some(pid) => Some(launch.launch),
            _ => None,
        })
    }

    /// Waits until the end of a launch is recorded.
    pub fn wait_for_end(&self, launch: LaunchId) {
        self.daemon.wait_for(&format!("the end of {launch}"), |record| match &record.body {
            Body::LaunchEnded(ended) if ended.launch == launch => Some(()),
            _ => None,
        });
    }

    /// Claims that none of `secrets` occurs in what the daemon keeps, logs or says.
    pub fn no_trace_of(&self, secrets: &[&str]) {
        for (place, bytes) in self.everything_said() {
            for secret in secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret:?} is in {place}:\n{}", String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn everything_said(&self) -> Vec<(String, Vec<u8>)> {
        let mut queries: Vec<Vec<String>> =
            ["status", "doctor", "launches", "sessions", "files", "findings", "gaps", "export"]
                .map(|query| vec![query.to_owned()])
                .to_vec();
        queries.push(vec!["dirs".into(), "--all".into()]);
        for query in [&["config", "--found"][..], &["config", "show"], &["config", "findings"]] {
            queries.push(query.iter().copied().map(str::to_owned).collect());
        }
        let show = |of: &str, id: &str| ["config", "show", of, id].map(str::to_owned).to_vec();
        queries.push(show("--dir", &self.world.repo().display().to_string()));
        queries.extend(self.sessions().iter().map(|row| show("--session", &row.id)));
        for row in self.launches() {
            let id = row.id.to_string();
            queries.extend([vec!["show".into(), id.clone()], show("--launch", &id)]);
        }
        let with_json = queries.iter().map(|query| [&query[..], &["--json".into()]].concat());
        let all: Vec<_> = with_json.chain(queries.iter().cloned()).collect();
        let mut said: Vec<_> = all
            .into_iter()
            .map(|query| {
                let output = self.daemon.ctl(&query);
                (query.join(" "), [output.stdout, output.stderr].concat())
            })
            .collect();
        said.push(("tail".into(), self.daemon.tailed().join("\n").into_bytes()));
        said.push(("the log".into(), self.daemon.log().into_bytes()));
        said.extend(files(&self.daemon.state_dir()));
        said
    }
}

/// Returns every file below `dir` with its bytes.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).expect("the directory is ours").flatten();
    let paths = entries.map(|entry| entry.path());
    let read = |path: PathBuf| {
        if path.is_dir() {
            return files(&path);
        }
        vec![(path.display().to_string(), fs::read(&path).unwrap_or_default())]
    };
    paths.flat_map(read).collect()
}
