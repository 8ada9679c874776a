//! Stories: events in, and what the ledger then answers.

use std::path::{Path, PathBuf};

use trackway_protocol::message::Filter;
use trackway_protocol::record::Record;
use trackway_protocol::row::{DirRow, GapRow, LaunchRow};

use super::*;
use crate::event::{AgentEnv, Ancestor, ProcessFacts, RawArgv};
use crate::shutdown;
use crate::store::{self, Sealing};

mod changes;
mod clocks;
mod contained;
mod findings;
mod links;
mod pausing;
mod restarts;
mod witnesses;

const CLAUDE: &str = "/home/u/.local/share/claude/versions/2.1.330";

/// A process, as a story tells of it.
#[derive(Clone)]
struct Process(ProcessFacts);

fn process(pid: u32, exe: impl Into<PathBuf>) -> Process {
    Process(ProcessFacts {
        pid,
        start_ticks: Some(1000 + u64::from(pid)),
        exe: Some(exe.into()),
        cwd: Some("/nowhere/repo".into()),
        argv: Some(RawArgv::from_args(["program"])),
        env: Some(AgentEnv::default()),
        ..ProcessFacts::default()
    })
}

impl Process {
    fn below(mut self, ppid: u32) -> Self {
        self.0.ppid = Some(ppid);
        self
    }

    fn argv(mut self, argv: &[&str]) -> Self {
        self.0.argv = Some(RawArgv::from_args(argv));
        self
    }

    fn cwd(mut self, cwd: &str) -> Self {
        self.0.cwd = Some(cwd.into());
        self
    }

    fn env(mut self, pairs: &[(&str, &str)]) -> Self {
        self.0.env = Some(AgentEnv::from_pairs(pairs.iter().copied()));
        self
    }

    fn started(mut self, ticks: u64) -> Self {
        self.0.start_ticks = Some(ticks);
        self
    }

    fn vanishing(mut self) -> Self {
        (self.0.cwd, self.0.env) = (None, None);
        self
    }

    fn exec(&self) -> Event {
        Event::Exec(Box::new(self.0.clone()), moment())
    }
}

fn moment() -> Moment {
    clock::read().now()
}

fn fork(parent: u32, child: u32) -> Event {
    Event::Forked { parent, child }
}

fn exit(pid: u32, status: u32) -> Event {
    Event::Exited { pid, status: Some(status), moment: moment() }
}

fn swept(processes: &[&Process]) -> Event {
    let processes = processes.iter().map(|process| process.0.clone()).collect();
    Event::Swept { processes, moment: moment() }
}

/// A ledger that outlives the daemons that write to it.
struct Ledger(tempfile::TempDir);

impl Ledger {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Runs a pipeline over the events, as one daemon would.
    async fn run(&self, events: Vec<Event>) -> &Self {
        self.run_after(None, events).await
    }

    /// Does so after a time in which no daemon ran.
    async fn run_after(&self, downtime: Option<finding::Downtime>, events: Vec<Event>) -> &Self {
        self.run_with(|outside| Outside { downtime, ..outside }, events).await
    }

    /// Does so with a pipeline that is given something else.
    async fn run_with(&self, given: impl FnOnce(Outside) -> Outside, events: Vec<Event>) -> &Self {
        let store = store::open(self.0.path()).unwrap();
        let recovered = store.recover().unwrap();
        let writer = store.start(Sealing::default());
        let outside = given(self.outside(&writer));
        let (sender, queue) = mpsc::channel(events.len() + 1);
        for event in events {
            sender.send(event).await.unwrap();
        }
        drop(sender);
        let (trigger, shutdown) = shutdown::channel();
        trigger.stop();
        let pipeline = Pipeline::new(outside, &recovered, Some(Timestamp::from_ms(5)));
        let lock = pipeline.run(queue, mpsc::channel(1).1, shutdown).await.unwrap();
        writer.close().await;
        drop(lock);
        self
    }

    /// What a pipeline over this ledger is given.
    fn outside(&self, writer: &Writer) -> Outside {
        let (snapshot, _) = watch::channel(Snapshot::default());
        Outside {
            boot_id: "boot".into(),
            writer: writer.clone(),
            snapshot,
            launches: None,
            open_exec: None,
            // Nobody takes its orders.
            changes: Some(Control::new(None).0),
            heartbeat: Heartbeat::lock(self.0.path()).unwrap(),
            downtime: None,
            cwd_of: |_| None,
            homes: None,
            pauses: Pauses::default(),
            standing: watch::channel(Standing::default()).1,
            configuration: None,
            written_by: links::written_by,
            resolve_within: |_, path| {
                Some(Path::new("/opt/openai").join(path.strip_prefix("/").ok()?))
            },
        }
    }

    fn launches(&self) -> Vec<LaunchRow> {
        let mut launches = self.reader().launches(&Filter::default()).unwrap().rows;
        launches.sort_by_key(|launch| launch.pid);
        launches
    }

    fn the_launch(&self) -> LaunchRow {
        let mut launches = self.launches();
        assert_eq!(launches.len(), 1, "{launches:#?}");
        launches.remove(0)
    }

    /// Directories with how they were touched, in order of name.
    fn dirs(&self) -> Vec<(String, Vec<String>)> {
        let filter = Filter { helpers: true, ..Filter::default() };
        let dirs: Vec<DirRow> = self.reader().dirs(&filter).unwrap().rows;
        let mut dirs: Vec<_> = dirs.into_iter().map(|row| (row.dir, row.how)).collect();
        dirs.sort();
        dirs
    }

    fn gaps(&self) -> Vec<GapRow> {
        self.reader().gaps(&Filter::default()).unwrap().rows
    }

    fn records(&self) -> u64 {
        self.reader().counts().unwrap().ledger.records
    }

    fn reader(&self) -> store::Reader {
        store::open(self.0.path()).unwrap().reader()
    }
}

fn dir(dir: &str, how: &[&str]) -> (String, Vec<String>) {
    (dir.into(), how.iter().map(|how| (*how).to_owned()).collect())
}

/// An npm installation of codex on disk: the script is resolved there.
fn npm_codex(root: &Path) -> (PathBuf, PathBuf) {
    let package = root.join("node_modules/@openai/codex");
    std::fs::create_dir_all(package.join("bin")).unwrap();
    let manifest = r#"{"name":"@openai/codex","version":"0.169.0"}"#;
    std::fs::write(package.join("package.json"), manifest).unwrap();
    let script = package.join("bin/codex.js");
    std::fs::write(&script, "#!/usr/bin/env node\n").unwrap();
    let platform = root.join("node_modules/@openai/codex-linux-x64");
    let bin = platform.join("vendor/x86_64-unknown-linux-musl/bin");
    std::fs::create_dir_all(&bin).unwrap();
    let manifest = r#"{"name":"@openai/codex","version":"0.169.0-linux-x64"}"#;
    std::fs::write(platform.join("package.json"), manifest).unwrap();
    std::fs::write(bin.join("codex"), "").unwrap();
    (script, bin.join("codex"))
}

#[tokio::test]
async fn a_launch_has_a_beginning_an_end_and_what_lies_between() {
    let ledger = Ledger::new();
    let mut agent = process(10, CLAUDE).below(9).argv(&["claude", "-p", "a secret prompt"]);
    agent.0.ancestors = vec![Ancestor { pid: 9, name: "bash".into() }];
    ledger.run(vec![agent.exec(), exit(10, 0x300)]).await;
    let launch = ledger.the_launch();
    assert_eq!(launch.agent, "claude");
    assert_eq!(launch.agent_version.as_deref(), Some("2.1.330"));
    assert_eq!(launch.mode.as_deref(), Some("headless"));
    assert_eq!(launch.exit_code, Some(3));
    assert_eq!(launch.end_seen, Some(true));
    assert_eq!(launch.cwd.as_deref(), Some("/nowhere/repo"));
    assert_eq!(launch.launcher.unwrap().name, "bash");
    assert_eq!(launch.evidence, Evidence::Kernel);
    assert!(!format!("{:?}", launch.argv).contains("secret"));
    assert_eq!(ledger.dirs(), [dir("/nowhere/repo", &["launch"])]);
}

#[tokio::test]
async fn npm_codex_is_one_launch_whatever_it_is_made_of() {
    let ledger = Ledger::new();
    let root = tempfile::tempdir().unwrap();
    let (script, native) = npm_codex(root.path());
    let script = script.to_str().unwrap();
    let env = process(10, "/usr/bin/env").argv(&["/usr/bin/env", "node", script, "exec", "x"]);
    let node = process(10, "/usr/bin/node").argv(&["node", script, "exec", "x"]);
    let child = process(11, &native)
        .below(10)
        .argv(&["codex", "exec", "x"])
        .env(&[("CODEX_MANAGED_BY_NPM", "1")]);
    let events =
        vec![env.exec(), node.exec(), fork(10, 11), child.exec(), exit(11, 0), exit(10, 0x100)];
    ledger.run(events).await;
    let launch = ledger.the_launch();
    assert_eq!((launch.agent.as_str(), launch.pid), ("codex", Some(10)));
    assert_eq!(launch.agent_version.as_deref(), Some("0.169.0"));
    assert_eq!(launch.exe.as_deref(), native.to_str());
    assert_eq!(launch.exit_code, Some(1), "the outermost process's code");
}

#[tokio::test]
async fn an_agent_that_asks_its_own_binary_is_one_launch_and_its_service_another() {
    let ledger = Ledger::new();
    let native =
        "/h/.codex/packages/standalone/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
    let service =
        "/h/.codex/packages/app-server-daemon/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
    let tui = process(10, native).argv(&["codex"]);
    let version = process(11, native).below(10).argv(&["codex", "--version"]);
    let daemon = process(12, service).below(10).argv(&[
        "codex",
        "app-server",
        "--listen",
        "unix://",
        "--managed-daemon",
    ]);
    let updater =
        process(13, service).below(12).argv(&["codex", "app-server", "daemon", "pid-update-loop"]);
    let events = vec![
        tui.exec(),
        fork(10, 11),
        version.exec(),
        exit(11, 0),
        fork(10, 12),
        daemon.exec(),
        fork(12, 13),
        updater.exec(),
        exit(10, 0),
    ];
    ledger.run(events).await;
    let launches = ledger.launches();
    let modes: Vec<_> = launches.iter().map(|launch| launch.mode.as_deref()).collect();
    assert_eq!(modes, [Some("interactive"), Some("app-server-daemon")]);
    assert_eq!(launches[0].exit_code, Some(0));
    assert_eq!(launches[1].ended_at, None);
}

#[tokio::test]
async fn a_look_that_meets_forks_of_the_service_finds_no_other_service() {
    let ledger = Ledger::new();
    let service =
        "/h/.codex/packages/app-server-daemon/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
    let argv = ["codex", "app-server", "--listen", "unix://", "--managed-daemon"];
    let daemon = process(12, service).argv(&argv);
    let fork = process(13, service).below(12).argv(&argv);
    let fork_of_fork = process(14, service).below(13).argv(&argv);
    let events = vec![
        swept(&[&daemon]),
        swept(&[&daemon, &fork, &fork_of_fork]),
        swept(&[&daemon, &fork_of_fork]),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.launches().len(), 1);
}

#[tokio::test]
async fn an_end_without_a_status_has_neither_code_nor_signal() {
    let ledger = Ledger::new();
    let end = Event::Exited { pid: 10, status: None, moment: moment() };
    ledger.run(vec![process(10, CLAUDE).exec(), end]).await;
    let launch = &ledger.launches()[0];
    assert!(launch.ended_at.is_some());
    assert_eq!((launch.exit_code, launch.signal, launch.end_seen), (None, None, Some(false)));
}

#[tokio::test]
async fn only_what_bears_the_mark_of_a_tool_call_is_a_command() {
    let ledger = Ledger::new();
    let mark = [("CLAUDE_CODE_CHILD_SESSION", "1"), ("CLAUDE_CODE_SESSION_ID", "s1")];
    let events = vec![
        process(10, CLAUDE).argv(&["claude"]).exec(),
        fork(10, 11),
        process(11, "/usr/bin/git").below(10).cwd("/nowhere/helper").exec(),
        fork(10, 12),
        process(12, "/usr/bin/bash").below(10).env(&mark).exec(),
        fork(12, 13),
        // Its environment was emptied, but it descends from a tool call.
        process(13, "/usr/bin/make").below(12).cwd("/nowhere/built").exec(),
        fork(10, 14),
        process(14, "/usr/bin/true").below(10).vanishing().exec(),
        Event::Unread { pid: 13, may_be_agent: false },
        exit(10, 0),
    ];
    ledger.run(events).await;
    assert_eq!(
        ledger.dirs(),
        [
            dir("/nowhere/built", &["command"]),
            dir("/nowhere/helper", &["helper"]),
            dir("/nowhere/repo", &["command", "launch"]),
        ]
    );
    assert_eq!(ledger.the_launch().unread_execs, Some(2));
}

#[tokio::test]
async fn an_agent_in_the_tool_call_of_another_is_a_launch_of_its_own() {
    let ledger = Ledger::new();
    let mark = [("CLAUDE_CODE_CHILD_SESSION", "1"), ("CLAUDE_CODE_SESSION_ID", "s1")];
    let inner = process(12, CLAUDE).below(11).env(&mark).argv(&["claude", "-p", "x"]);
    let inner = inner.cwd("/nowhere/nested");
    let events = vec![
        process(10, CLAUDE).argv(&["claude"]).exec(),
        fork(10, 11),
        process(11, "/usr/bin/bash").below(10).env(&mark).exec(),
        fork(11, 12),
        inner.exec(),
        fork(12, 13),
        // It inherited the outer one's mark, so this is the inner one's helper.
        process(13, "/usr/bin/git").below(12).env(&mark).cwd("/nowhere/inner").exec(),
        exit(12, 0),
        exit(10, 0),
    ];
    ledger.run(events).await;
    let launches = ledger.launches();
    assert_eq!(launches.len(), 2);
    assert_eq!(launches[1].parent_launch, Some(launches[0].id));
    assert!(ledger.dirs().contains(&dir("/nowhere/inner", &["helper"])));
    assert!(ledger.dirs().contains(&dir("/nowhere/nested", &["command", "launch"])));
}

#[tokio::test]
async fn a_sandbox_probe_is_no_command() {
    let ledger = Ledger::new();
    let bin = "/h/.codex/packages/standalone/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
    let bwrap = "/h/.codex/packages/standalone/releases/0.169.0-x86_64-unknown-linux-musl/codex-resources/bwrap";
    let mark = [("CODEX_THREAD_ID", "t"), ("CODEX_SESSION_ID", "t"), ("CODEX_TOOL_CALL_ID", "c")];
    let sandbox = process(11, bin).below(10).env(&mark).argv(&["codex-linux-sandbox", "--", "sh"]);
    let events = vec![
        process(10, bin).argv(&["codex", "exec", "x"]).exec(),
        fork(10, 11),
        sandbox.exec(),
        fork(11, 12),
        process(12, bwrap).below(11).env(&mark).cwd("/").exec(),
        fork(12, 13),
        process(13, "/usr/bin/true").below(12).env(&mark).cwd("/").exec(),
        fork(12, 14),
        process(14, bin).below(12).env(&mark).argv(&["codex-linux-sandbox", "--", "sh"]).exec(),
        fork(14, 15),
        process(15, "/usr/bin/bash").below(14).env(&mark).cwd("/nowhere/work").exec(),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.launches().len(), 1);
    let dirs = ledger.dirs();
    let commands: Vec<_> = dirs.iter().filter(|(_, how)| how.contains(&"command".into())).collect();
    assert_eq!(commands, [&dir("/nowhere/work", &["command"])]);
}

#[tokio::test]
async fn a_reused_pid_is_a_new_launch() {
    let ledger = Ledger::new();
    let first = process(10, CLAUDE).argv(&["claude"]);
    let second = first.clone().started(9000);
    ledger.run(vec![first.exec(), second.exec(), exit(10, 0)]).await;
    let launches = ledger.launches();
    assert_eq!(launches.len(), 2);
    assert!(launches.iter().all(|launch| launch.ended_at.is_some()));
    assert_eq!(launches.iter().filter(|launch| launch.exit_code == Some(0)).count(), 1);
}

#[tokio::test]
async fn a_launch_that_is_killed_has_a_signal_and_no_code() {
    let ledger = Ledger::new();
    ledger.run(vec![process(10, CLAUDE).exec(), exit(10, 9)]).await;
    let launch = ledger.the_launch();
    assert_eq!((launch.exit_code, launch.signal), (None, Some(9)));
}

#[tokio::test]
async fn directories_on_the_command_line_count_as_touched() {
    let ledger = Ledger::new();
    let agent = process(10, CLAUDE).argv(&["claude", "--add-dir", "../other", "/nowhere/third"]);
    ledger.run(vec![agent.exec()]).await;
    let named: Vec<_> = ledger.dirs().into_iter().filter(|(_, how)| how[0] == "add-dir").collect();
    assert_eq!(named.len(), 2, "{named:?}");
}

#[tokio::test]
async fn an_agent_that_the_shell_of_a_tool_call_becomes_is_a_launch_of_its_own() {
    let ledger = Ledger::new();
    let mark = [("CLAUDE_CODE_CHILD_SESSION", "1"), ("CLAUDE_CODE_SESSION_ID", "s1")];
    let events = vec![
        process(10, CLAUDE).argv(&["claude"]).exec(),
        fork(10, 11),
        process(11, "/usr/bin/bash").below(10).env(&mark).exec(),
        // `exec env -i claude -p x`: the same pid, and no mark left.
        process(11, CLAUDE).below(10).argv(&["claude", "-p", "x"]).exec(),
        exit(11, 0),
    ];
    ledger.run(events).await;
    let launches = ledger.launches();
    assert_eq!(launches.len(), 2);
    assert_eq!(launches[1].parent_launch, Some(launches[0].id));
}

#[tokio::test]
async fn a_pid_that_is_given_away_again_ends_the_launch_that_bore_it() {
    let ledger = Ledger::new();
    let events = vec![
        process(10, CLAUDE).argv(&["claude"]).exec(),
        process(20, CLAUDE).argv(&["claude"]).exec(),
        // The end of 20 was lost.
        fork(10, 20),
    ];
    ledger.run(events).await;
    let launches = ledger.launches();
    assert_eq!(launches[0].ended_at, None);
    assert_eq!((launches[1].end_seen, launches[1].exit_code), (Some(false), None));
}

#[tokio::test]
async fn a_process_that_hides_its_executable_is_not_gone() {
    let ledger = Ledger::new();
    let agent = process(10, CLAUDE).argv(&["claude"]);
    let mut hidden = agent.clone();
    (hidden.0.exe, hidden.0.cwd, hidden.0.env) = (None, None, None);
    ledger.run(vec![agent.exec(), swept(&[&hidden]), exit(10, 0)]).await;
    let launch = ledger.the_launch();
    assert_eq!((launch.end_seen, launch.exit_code), (Some(true), Some(0)));
}
