#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use super::*;

/// A program that is claude by its place, and a shell that becomes it when it is told to.
struct Agent {
    program: std::path::PathBuf,
    _dir: tempfile::TempDir,
}

impl Agent {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let versions = dir.path().canonicalize().unwrap().join(".local/share/claude/versions");
        fs::create_dir_all(&versions).unwrap();
        let program = versions.join("9.9.9");
        fs::copy("/bin/sleep", &program).unwrap();
        Self { program, _dir: dir }
    }

    /// Starts a shell that runs `script` once it is told to go on; `$0` is the agent.
    fn shell(&self, script: &str) -> Running {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("read line; {script}")).arg(&self.program);
        Running(command.stdin(Stdio::piped()).spawn().unwrap())
    }
}

struct Running(Child);

impl Running {
    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn go_on(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    fn end(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

type Looks<'a> = &'a mut dyn FnMut() -> Look;

fn with_every_table(test: fn(Looks<'_>)) {
    let mut own = imp::Table::open().unwrap();
    test(&mut || own.look().unwrap());
    let mut portable = portable::Table::open().unwrap();
    let begin = portable::busy();
    test(&mut || portable.look().unwrap());
    assert!(portable::busy() > begin);
}

/// Looks until a process is there as wanted.
fn until(look: Looks<'_>, wanted: impl Fn(&[ProcessFacts]) -> bool) -> Vec<ProcessFacts> {
    let begin = Instant::now();
    loop {
        let processes = look().processes;
        if wanted(&processes) {
            return processes;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "in vain: {processes:#?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn find(processes: &[ProcessFacts], pid: u32) -> Option<&ProcessFacts> {
    processes.iter().find(|facts| facts.pid == pid)
}

#[test]
fn an_exec_in_place_is_noticed_and_told_once() {
    with_every_table(|look| {
        let agent = Agent::new();
        let mut shell = agent.shell("exec \"$0\" 60");
        assert!(find(&look().processes, shell.pid()).is_none(), "a shell is no agent");
        shell.go_on();
        let found = until(look, |all| find(all, shell.pid()).is_some());
        let facts = find(&found, shell.pid()).unwrap();
        assert_eq!(facts.exe.as_ref(), Some(&agent.program));
        assert!(facts.told == Some(false) && facts.start_ticks.is_some());
        assert!(facts.ancestors.iter().any(|above| above.pid == std::process::id()));
        // Its command line may have come a moment after its program; then it is told again.
        until(look, |all| find(all, shell.pid()).is_some_and(|facts| facts.told == Some(true)));
        shell.end();
        assert!(find(&look().processes, shell.pid()).is_none());
    });
}

#[test]
fn a_command_of_an_agent_is_followed_when_the_agent_has_ended() {
    with_every_table(|look| {
        let agent = Agent::new();
        // A shell becomes the agent; the command that it left behind outlives it.
        let mut shell = agent.shell("sleep 60 & exec \"$0\" 60");
        shell.go_on();
        let command = |all: &[ProcessFacts]| {
            let mut below = all.iter().filter(|facts| facts.ppid == Some(shell.pid()));
            below.find(|facts| facts.exe.as_ref() != Some(&agent.program)).map(|facts| facts.pid)
        };
        let found = until(look, |all| command(all).is_some() && find(all, shell.pid()).is_some());
        let command = command(&found).unwrap();
        shell.end();
        let left = look().processes;
        let pid = rustix::process::Pid::from_raw(command.cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        assert!(find(&left, shell.pid()).is_none());
        assert!(find(&left, command).is_some());
    });
}

/// A program whose first thread ends at once, while another goes on.
const HEADLESS: &str = "
#include <pthread.h>
#include <unistd.h>
static void *live(void *none) { sleep(60); return none; }
int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, live, 0);
    sleep(1);
    pthread_exit(0);
}";

#[test]
fn a_process_without_its_first_thread_is_not_gone() {
    let agent = Agent::new();
    let source = agent.program.with_file_name("headless.c");
    fs::write(&source, HEADLESS).unwrap();
    let mut compiler = Command::new("cc");
    compiler.arg("-o").arg(&agent.program).arg(&source).arg("-pthread");
    assert!(compiler.status().unwrap().success());
    let mut shell = agent.shell("exec \"$0\"");
    shell.go_on();
    let mut table = imp::Table::open().unwrap();
    until(&mut || table.look().unwrap(), |all| find(all, shell.pid()).is_some());
    let procfs = crate::procfs::Procfs::open().unwrap();
    let is_headless = || procfs.stat(shell.pid()).unwrap().zombie;
    until(&mut || table.look().unwrap(), |all| {
        assert!(find(all, shell.pid()).is_some());
        is_headless()
    });
    let facts = table.look().unwrap().processes;
    assert!(find(&facts, shell.pid()).unwrap().told == Some(true));
    let swept = crate::source::proc_connector::look::look(&procfs, |pid| pid == shell.pid());
    let swept = swept.unwrap();
    assert!(find(&swept, shell.pid()).unwrap().start_ticks.is_some());
}

#[test]
fn what_looking_costs_is_reckoned_over_many_looks() {
    let mut reckoning = Reckoning::default();
    let early = (1..RECKONED).find_map(|_| reckoning.add(Duration::from_millis(4)));
    assert_eq!(early, None);
    assert_eq!(reckoning.add(Duration::from_millis(4)), Some(Duration::from_millis(4)));
    let cost = Cost { look: Duration::from_millis(4), listed: 300 };
    let told = cost.told(Duration::from_millis(996)).to_string();
    assert_eq!(told, "0.4 % of a core for 300 processes");
}

#[test]
fn a_late_look_and_a_failed_one_leave_blind_time_behind() {
    let (sender, mut events) = tokio::sync::mpsc::channel(4);
    let sender = Sender(sender);
    let mut blind = Blind::new(Duration::from_millis(1));
    assert!(blind.over(&sender).is_ok());
    assert!(events.try_recv().is_err(), "in time");
    blind.failed("no descriptors".into());
    blind.failed("later".into());
    assert!(blind.over(&sender).is_ok());
    let Ok(Event::Source(report)) = events.try_recv() else { panic!("it is told") };
    assert!(report.reason.ends_with("no descriptors"), "{}", report.reason);
    assert!(report.until.is_some_and(|until| report.from <= until));
}

#[test]
fn processes_that_hide_are_told_of_once_in_a_while() {
    let (sender, mut events) = tokio::sync::mpsc::channel(4);
    let (sender, mut hidden) = (Sender(sender), Hidden::default());
    for more in [0, 2, 1] {
        assert!(hidden.tell(more, &sender).is_ok());
    }
    let Ok(Event::Source(report)) = events.try_recv() else { panic!("it is told") };
    assert!(report.reason.contains("(2 new ones)"), "{}", report.reason);
    assert!(events.try_recv().is_err(), "not again so soon");
}
