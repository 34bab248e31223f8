//! One worker's ear for a request to stop what it runs.

use tokio::sync::Notify;

use crate::sync::atomic::{AtomicU8, Ordering};

/// What a worker is asked to do. The later one outranks the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ask {
    /// Leave it as it is: this process ends, and it is for another to run.
    Interrupt = 1,
    /// End it: nobody wants it any more.
    Cancel = 2,
}

/// One worker's ear for a request to stop what it runs.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    // An `Ask`, or 0.
    asked: AtomicU8,
    notify: Notify,
}

impl Stop {
    pub(crate) async fn requested(&self) -> Ask {
        // The flag decides: the permit of a request that came too late for the last job must not stop this one.
        loop {
            if let Some(ask) = self.asked() {
                return ask;
            }
            self.notify.notified().await;
        }
    }

    /// What somebody asked for since the last request was listed.
    pub(crate) fn asked(&self) -> Option<Ask> {
        match self.asked.load(Ordering::Acquire) {
            0 => None,
            asked if asked == Ask::Interrupt as u8 => Some(Ask::Interrupt),
            _ => Some(Ask::Cancel),
        }
    }

    /// Asks for it.
    pub(crate) fn ask(&self, ask: Ask) {
        self.asked.fetch_max(ask as u8, Ordering::AcqRel);
        self.notify.notify_one();
    }

    /// Forgets that anybody asked: another request begins.
    pub(crate) fn reset(&self) {
        self.asked.store(0, Ordering::Release);
    }
}
