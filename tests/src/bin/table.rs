//! Reads the portable process table once a second, as a poller does that knows nothing better: the
//! peer of the `poll` tier in the benchmark.

use std::thread;
use std::time::Duration;

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

fn main() {
    let mut system = System::new().expect("this system is supported");
    let kind = ProcessRefreshKind::nothing()
        .with_exe(UpdateKind::Always)
        .with_user(UpdateKind::OnlyIfNotSet)
        .without_tasks();
    loop {
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        thread::sleep(Duration::from_secs(1));
    }
}
