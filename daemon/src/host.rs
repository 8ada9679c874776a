//! What this machine calls itself and its present boot.

/// Returns an id of the present boot: another one after every restart of the machine.
#[cfg(target_os = "linux")]
pub(crate) fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    id.map_or_else(|_| "unknown".to_owned(), |id| id.trim().to_owned())
}

/// Returns an id of the present boot: when it began, in seconds since the epoch.
#[cfg(not(target_os = "linux"))]
pub(crate) fn boot_id() -> String {
    let booted = sysinfo::System::boot_time();
    booted.map_or_else(|_| "unknown".to_owned(), |seconds| format!("booted-{seconds}"))
}

/// Returns the host's name.
pub(crate) fn name() -> Option<String> {
    sysinfo::System::host_name().ok()
}

/// Returns the user's number.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere users have none")]
pub(crate) fn uid() -> Option<u32> {
    Some(rustix::process::getuid().as_raw())
}

/// Users have no numbers here.
#[cfg(not(unix))]
pub(crate) fn uid() -> Option<u32> {
    None
}

/// Lets the process have as many descriptors as it may: every client takes one.
#[cfg(unix)]
pub(crate) fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Above this nothing is gained, and some programs walk through all possible descriptors.
    let wanted = limit.maximum.unwrap_or(u64::MAX).min(65_536);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of descriptors stays as it is");
        }
    }
}

/// Has a limit on the size of files fail a write, which is tried again, instead of ending the daemon.
#[cfg(unix)]
pub(crate) fn survive_file_size_limit() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    /// The same on all systems that this is built for.
    const SIGXFSZ: i32 = 25;
    // Once it is handled it stays so, whether anybody listens or not; programs that are started get
    // the default back.
    signal(SignalKind::from_raw(SIGXFSZ)).map(drop)
}

/// There is none here.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn survive_file_size_limit() -> std::io::Result<()> {
    Ok(())
}

/// Takes every right of others, and none of the user's, away from what is made from now on. Each file
/// is made with its mode as well: this is for those that a library makes.
#[cfg(unix)]
pub(crate) fn set_umask() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// There is none here.
#[cfg(not(unix))]
pub(crate) fn set_umask() {}

/// Keeps the process's memory, through which command lines pass, out of core dumps.
#[cfg(unix)]
pub(crate) fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // With 0 a program that the kernel pipes dumps to still gets them; with 1 there are none at all
    // (core(5)).
    let hard = getrlimit(Resource::Core).maximum.unwrap_or(1).min(1);
    let none = Rlimit { current: Some(hard), maximum: Some(hard) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "a crash may leave a core dump behind");
    }
}

/// There are none here.
#[cfg(not(unix))]
pub(crate) fn forbid_core_dumps() {}

/// Lets the process have as many descriptors as it may.
#[cfg(not(unix))]
pub(crate) fn raise_descriptor_limit() {}
