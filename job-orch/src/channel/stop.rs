//! One worker's ear for a request to stop what it runs.

use tokio::sync::Notify;

use crate::sync::atomic::{AtomicBool, Ordering};

/// One worker's ear for a request to stop what it runs.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    requested: AtomicBool,
    notify: Notify,
}

impl Stop {
    pub(crate) async fn requested(&self) {
        // The flag decides: the permit of a request that came too late for the last job must not stop this one.
        while !self.is_requested() {
            self.notify.notified().await;
        }
    }

    /// Whether somebody asked for it since the last request was listed.
    pub(crate) fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Acquire)
    }

    /// Asks for it.
    pub(crate) fn request(&self) {
        self.requested.store(true, Ordering::Release);
        self.notify.notify_one();
    }

    /// Forgets that anybody asked: another request begins.
    pub(crate) fn reset(&self) {
        self.requested.store(false, Ordering::Release);
    }
}
