//! What the service manager is told. Without one, nothing.

#[cfg(target_os = "linux")]
use sd_notify::NotifyState;

/// Tells that the daemon records and answers.
pub(crate) fn ready() {
    #[cfg(target_os = "linux")]
    notify(NotifyState::Ready);
}

/// Tells that the daemon is going down.
pub(crate) fn stopping() {
    #[cfg(target_os = "linux")]
    notify(NotifyState::Stopping);
}

/// Returns how often the service manager is to be told that all is well: twice in the time that it
/// waits for. None where it does not ask.
pub(crate) fn watchdog_every() -> Option<std::time::Duration> {
    #[cfg(target_os = "linux")]
    return sd_notify::watchdog_enabled().map(|limit| limit / 2).filter(|every| !every.is_zero());
    #[cfg(not(target_os = "linux"))]
    None
}

/// Tells that every part still answers.
pub(crate) fn watchdog() {
    #[cfg(target_os = "linux")]
    notify(NotifyState::Watchdog);
}

#[cfg(target_os = "linux")]
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
