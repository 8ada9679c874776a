//! One order to stop, heard everywhere.

use tokio::sync::watch;

/// Resolves once the daemon is to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

/// Gives the order. Dropping it gives it too.
#[derive(Debug)]
pub(crate) struct Trigger(watch::Sender<bool>);

/// Makes both ends.
pub(crate) fn channel() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Trigger(sender), Shutdown(receiver))
}

/// Orders the stop once a person or the service manager asks for it.
///
/// # Errors
///
/// Those of listening to signals.
#[cfg(unix)]
pub fn on_signal() -> std::io::Result<Shutdown> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (trigger, shutdown) = channel();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        trigger.stop();
    });
    Ok(shutdown)
}

/// Orders the stop once a person asks for it.
///
/// # Errors
///
/// None here.
#[cfg(not(unix))]
pub fn on_signal() -> std::io::Result<Shutdown> {
    let (trigger, shutdown) = channel();
    tokio::spawn(async move {
        drop(tokio::signal::ctrl_c().await);
        trigger.stop();
    });
    Ok(shutdown)
}

impl Trigger {
    /// Orders everything to stop.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Waits for the order.
    pub(crate) async fn ordered(&mut self) {
        // An error means that the trigger is gone, which is the order as well.
        drop(self.0.wait_for(|stop| *stop).await);
    }
}
