//! The requests that are running and can be stopped: those whose job has suspended. A job that never suspends cannot be
//! stopped by anybody, so it need not be listed, and most jobs cost nothing here.

use std::collections::HashMap;

use tokio::sync::Notify;

use crate::id::JobId;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, lock};

#[derive(Debug, Default)]
pub(super) struct Running(Mutex<HashMap<JobId, Arc<Stop>>>);

/// One worker's ear for a request to stop what it runs.
#[derive(Debug, Default)]
pub(super) struct Stop {
    requested: AtomicBool,
    notify: Notify,
}

impl Stop {
    pub(super) async fn requested(&self) {
        // The flag decides: the permit of a request that came too late for the last job must not stop this one.
        while !self.is_requested() {
            self.notify.notified().await;
        }
    }

    /// Whether somebody asked for it since the last request was listed.
    pub(super) fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Acquire)
    }
}

impl Running {
    /// Lists a request while the guard lives.
    pub(super) fn enter(&self, id: JobId, stop: &Arc<Stop>) -> Entry<'_> {
        stop.requested.store(false, Ordering::Release);
        lock(&self.0).insert(id, Arc::clone(stop));
        Entry { running: self, id }
    }

    /// Asks the worker that runs this request to stop it. Says whether one does.
    pub(super) fn stop(&self, id: JobId) -> bool {
        let running = lock(&self.0);
        let Some(stop) = running.get(&id) else { return false };
        stop.requested.store(true, Ordering::Release);
        stop.notify.notify_one();
        true
    }
}

pub(super) struct Entry<'a> {
    running: &'a Running,
    id: JobId,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        lock(&self.running.0).remove(&self.id);
    }
}
