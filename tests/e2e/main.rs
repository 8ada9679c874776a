//! Trackway from end to end: the real agents, our programs as they are built, and nothing faked but
//! the agents' models.
//!
//! Each module adds its tests to the list. A new one is a function of about ten lines and one line
//! in `all` of its module.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
mod bystanders;
#[cfg(target_os = "linux")]
mod cage;
#[cfg(target_os = "linux")]
mod changes;
#[cfg(target_os = "linux")]
mod clients;
#[cfg(target_os = "linux")]
mod configuration;
#[cfg(target_os = "linux")]
mod containers;
#[cfg(target_os = "linux")]
mod directories;
#[cfg(target_os = "linux")]
mod endurance;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod findings;
#[cfg(target_os = "linux")]
mod first;
#[cfg(target_os = "linux")]
mod hostile;
#[cfg(target_os = "linux")]
mod launches;
#[cfg(target_os = "linux")]
mod layouts;
#[cfg(target_os = "linux")]
mod links;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod managed;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod newcomer;
#[cfg(target_os = "linux")]
mod pause;
#[cfg(target_os = "linux")]
mod poll;
#[cfg(target_os = "linux")]
mod readme;
#[cfg(target_os = "linux")]
mod reload;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod restart;
#[cfg(target_os = "linux")]
mod scope;
#[cfg(target_os = "linux")]
mod secrets;
#[cfg(target_os = "linux")]
mod security;
#[cfg(target_os = "linux")]
mod sessions;
#[cfg(target_os = "linux")]
mod stub;
#[cfg(target_os = "linux")]
mod tampering;
#[cfg(target_os = "linux")]
mod zones;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let mut tests = trackway_tests::harness::Tests::default();
    cage::all(&mut tests);
    launches::all(&mut tests);
    directories::all(&mut tests);
    sessions::all(&mut tests);
    files::all(&mut tests);
    links::all(&mut tests);
    findings::all(&mut tests);
    zones::all(&mut tests);
    report::all(&mut tests);
    changes::all(&mut tests);
    configuration::all(&mut tests);
    restart::all(&mut tests);
    first::all(&mut tests);
    pause::all(&mut tests);
    scope::all(&mut tests);
    managed::all(&mut tests);
    reload::all(&mut tests);
    secrets::all(&mut tests);
    security::all(&mut tests);
    hostile::all(&mut tests);
    layouts::all(&mut tests);
    bystanders::all(&mut tests);
    tampering::all(&mut tests);
    clients::all(&mut tests);
    network::all(&mut tests);
    poll::all(&mut tests);
    containers::all(&mut tests);
    readme::all(&mut tests);
    newcomer::all(&mut tests);
    load::all(&mut tests);
    endurance::all(&mut tests);
    tests.run()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    // The cage is made of Linux namespaces.
    ExitCode::SUCCESS
}
