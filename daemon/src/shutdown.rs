//! One order to stop, heard everywhere.

use tokio::sync::watch;

/// Resolves once the daemon is to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

/// Gives the order. Dropping it gives it too.
#[derive(Debug)]
pub struct Trigger(watch::Sender<bool>);

/// Makes both ends.
pub fn channel() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Trigger(sender), Shutdown(receiver))
}

impl Trigger {
    /// Orders everything to stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Waits for the order.
    pub async fn ordered(&mut self) {
        // An error means that the trigger is gone, which is the order as well.
        drop(self.0.wait_for(|stop| *stop).await);
    }
}
