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

/// Tells that the loop still turns.
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
