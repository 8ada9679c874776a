//! The `poll` tier: looks at the process table from time to time.
//!
//! For machines on which the kernel tells an ordinary user nothing. It sees processes that live
//! longer than the interval; a shorter one is seen with the probability of its lifetime divided by
//! the interval, and how many were missed is unknown. Exit codes are unknown too.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, Uid, UpdateKind};

use super::sweep::{self, Entry, could_be_agent};
use super::{Control, Ended, EventSender, Name, Order, Running};
use crate::agents;
use crate::clock;
use crate::event::{AgentEnv, Event, ProcessFacts, RawArgv};
use crate::pipeline::LAUNCHES;

/// The name of the tier in `status`.
pub(crate) const TIER: &str = "poll";

/// Starts to look every `interval`.
///
/// # Errors
///
/// Those of starting a thread.
pub(crate) fn start(events: EventSender, interval: Duration) -> std::io::Result<Running> {
    let (control, orders) = Control::new(None);
    let name = Name { source: LAUNCHES, tier: TIER };
    Running::start(name, control, events.clone(), move || run(&events, &orders, interval))
}

fn run(events: &EventSender, orders: &Receiver<Order>, interval: Duration) -> Ended {
    let Ok(mut system) = System::new() else {
        return Ended::Lost("this system is not supported".into());
    };
    let own = own_user(&mut system);
    let mut found_some = true;
    loop {
        let moment = clock::read().now();
        let processes = look(&mut system, own.as_ref());
        // Nothing then and nothing now is no news.
        let news = found_some || !processes.is_empty();
        found_some = !processes.is_empty();
        if news && events.blocking_send(Event::Swept { processes, moment }).is_err() {
            return Ended::Ordered;
        }
        match orders.recv_timeout(interval) {
            Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return Ended::Ordered,
            Ok(Order::Sweep | Order::Count(_)) | Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn own_user(system: &mut System) -> Option<Uid> {
    let pid = sysinfo::get_current_pid().ok()?;
    let kind = ProcessRefreshKind::nothing().with_user(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, kind);
    system.process(pid)?.effective_user_id().cloned()
}

fn look(system: &mut System, own: Option<&Uid>) -> Vec<ProcessFacts> {
    // `Always`, because an exec in place changes neither pid nor start time.
    let kind = ProcessRefreshKind::nothing()
        .with_exe(UpdateKind::Always)
        .with_user(UpdateKind::OnlyIfNotSet)
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    let candidates: Vec<Pid> = system
        .processes()
        .iter()
        .filter(|(_, process)| process.effective_user_id() == own && is_candidate(process))
        .map(|(pid, _)| *pid)
        .collect();
    complete(system, &candidates);
    let table: Vec<Entry> = system
        .processes()
        .iter()
        .map(|(pid, process)| Entry {
            pid: pid.as_u32(),
            ppid: process.parent().map_or(0, Pid::as_u32),
            candidate: candidates.contains(pid) && could_be_agent(&facts(process)),
        })
        .collect();
    let relevant = sweep::relevant(&table);
    let pids: Vec<Pid> = relevant.iter().map(|pid| Pid::from_u32(*pid)).collect();
    complete(system, &pids);
    let alive = pids.iter().filter_map(|pid| system.process(*pid));
    let living = alive.filter(|process| process.status() != sysinfo::ProcessStatus::Zombie);
    living.filter_map(|process| refine(facts(process), system)).collect()
}

/// Reads the costly fields of a few processes.
fn complete(system: &mut System, pids: &[Pid]) {
    if pids.is_empty() {
        return;
    }
    let kind = ProcessRefreshKind::nothing()
        .with_exe(UpdateKind::Always)
        .with_cmd(UpdateKind::Always)
        .with_cwd(UpdateKind::Always)
        .with_environ(UpdateKind::Always)
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(pids), true, kind);
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

#[cfg(target_os = "linux")]
#[path = "poll/linux.rs"]
mod imp;
#[cfg(not(target_os = "linux"))]
#[path = "poll/other.rs"]
mod imp;
use imp::refine;
