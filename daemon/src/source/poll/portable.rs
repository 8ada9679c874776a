//! Where there is no `/proc`: the portable process table.
//!
//! Its start times are whole seconds, and it tells nothing of terminals and namespaces.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use sysinfo::{
    Pid, Process, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, Uid, UpdateKind,
};

use super::Look;
use crate::agents;
use crate::event::{AgentEnv, Ancestor, ProcessFacts, RawArgv};
use crate::source::sweep::{self, Entry, could_be_agent};

/// How far up the tree ancestors are read.
const MAX_ANCESTORS: usize = 32;

/// The process table, and what was told of it.
#[derive(Debug)]
pub(super) struct Table {
    system: System,
    own: Option<Uid>,
    told: HashMap<Pid, Told>,
}

/// A program that was told of.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    start: u64,
    exe: Option<PathBuf>,
}

impl Told {
    fn of(process: &Process) -> Self {
        Self { start: process.start_time(), exe: process.exe().map(Path::to_owned) }
    }
}

/// Time that was spent so far. A look waits for nothing, so it takes a processor all the time.
pub(super) fn busy() -> Duration {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGIN.elapsed()
}

impl Table {
    pub(super) fn open() -> Result<Self, String> {
        let mut system = System::new().map_err(|error| error.to_string())?;
        let own = own_user(&mut system);
        Ok(Self { system, own, told: HashMap::new() })
    }

    pub(super) fn look(&mut self) -> Result<Look, String> {
        self.refresh();
        let candidates = self.candidates();
        self.complete(&candidates);
        let table: Vec<Entry> =
            self.system.processes().values().map(|process| self.entry(process)).collect();
        let pids: Vec<Pid> = sweep::relevant(&table).into_iter().map(Pid::from_u32).collect();
        self.complete(&pids);
        let listed = self.system.processes().len();
        let told = std::mem::take(&mut self.told);
        let alive = pids.iter().filter_map(|pid| self.system.process(*pid));
        let alive = alive.filter(|process| process.status() != ProcessStatus::Zombie);
        let alive: Vec<&Process> = alive.filter(|process| self.is_own(process)).collect();
        let processes = alive.iter().map(|process| {
            let told = told.get(&process.pid()) == Some(&Told::of(process));
            ProcessFacts { told: Some(told), ancestors: self.ancestors(process), ..facts(process) }
        });
        let processes = processes.collect();
        self.told = alive.iter().map(|process| (process.pid(), Told::of(process))).collect();
        Ok(Look { processes, listed, hidden: 0 })
    }

    fn refresh(&mut self) {
        // `Always`, because an exec in place changes neither pid nor start time.
        let kind = ProcessRefreshKind::nothing()
            .with_exe(UpdateKind::Always)
            .with_user(UpdateKind::OnlyIfNotSet)
            .without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    }

    /// Reads the costly fields of a few processes.
    fn complete(&mut self, pids: &[Pid]) {
        if pids.is_empty() {
            return;
        }
        let kind = ProcessRefreshKind::nothing()
            .with_exe(UpdateKind::Always)
            .with_cmd(UpdateKind::Always)
            .with_cwd(UpdateKind::Always)
            .with_environ(UpdateKind::Always)
            .without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(pids), true, kind);
    }

    fn candidates(&self) -> Vec<Pid> {
        let processes = self.system.processes().values();
        let candidates = processes.filter(|process| self.is_own(process) && is_candidate(process));
        candidates.map(Process::pid).collect()
    }

    fn entry(&self, process: &Process) -> Entry {
        let agent =
            self.is_own(process) && is_candidate(process) && could_be_agent(&facts(process));
        // What was told of once is followed: its parent may have ended since.
        let followed =
            self.told.get(&process.pid()).is_some_and(|told| told.start == process.start_time());
        Entry {
            pid: process.pid().as_u32(),
            ppid: process.parent().map_or(0, Pid::as_u32),
            candidate: agent || followed,
        }
    }

    fn is_own(&self, process: &Process) -> bool {
        process.effective_user_id() == self.own.as_ref()
    }

    fn ancestors(&self, process: &Process) -> Vec<Ancestor> {
        let parent = |process: &&Process| self.system.process(process.parent()?);
        let chain = std::iter::successors(parent(&process), parent).take(MAX_ANCESTORS);
        chain
            .map(|process| {
                let exe = process.exe().and_then(Path::file_name);
                let name = exe.unwrap_or(process.name()).to_owned();
                Ancestor { pid: process.pid().as_u32(), name }
            })
            .collect()
    }
}

fn own_user(system: &mut System) -> Option<Uid> {
    let pid = sysinfo::get_current_pid().ok()?;
    let kind = ProcessRefreshKind::nothing().with_user(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, kind);
    system.process(pid)?.effective_user_id().cloned()
}

fn is_candidate(process: &Process) -> bool {
    process.exe().is_some_and(|exe| agents::candidate(Some(exe), OsStr::new("")))
}

fn facts(process: &Process) -> ProcessFacts {
    let argv = RawArgv::from_args(process.cmd());
    let booted = System::boot_time().unwrap_or_default();
    ProcessFacts {
        pid: process.pid().as_u32(),
        ppid: process.parent().map(Pid::as_u32),
        exe: process.exe().map(Path::to_owned),
        cwd: process.cwd().map(Path::to_owned),
        argv: (!argv.is_empty()).then_some(argv),
        env: Some(AgentEnv::from_entries(process.environ())),
        // Whole seconds of boottime, in ticks of a hundredth: all that is portable.
        start_ticks: Some(process.start_time().saturating_sub(booted) * 100),
        ..ProcessFacts::default()
    }
}
