//! The requests that are running and can be stopped: those whose job has suspended. A job that never suspends cannot be
//! stopped by anybody, so it need not be listed, and most jobs cost nothing here.

use std::collections::HashMap;
use std::pin::pin;

use tokio::sync::Notify;

use crate::channel::stop::{Ask, Stop};
use crate::id::JobId;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, lock};

#[derive(Debug, Default)]
pub(super) struct Running {
    listed: Mutex<Listed>,
    // Workers whose job had suspended and that have not settled it yet.
    unsettled: AtomicUsize,
    settled: Notify,
}

#[derive(Debug, Default)]
struct Listed {
    stops: HashMap<JobId, Arc<Stop>>,
    // The process ends: so does whatever suspends from now on.
    is_interrupted: bool,
}

impl Running {
    /// Lists a request while the guard lives.
    pub(super) fn enter(&self, id: JobId, stop: &Arc<Stop>) -> Entry<'_> {
        stop.reset();
        let mut listed = lock(&self.listed);
        if listed.is_interrupted {
            stop.ask(Ask::Interrupt);
        }
        listed.stops.insert(id, Arc::clone(stop));
        Entry { running: self, id }
    }

    /// A worker has something to settle while this lives.
    pub(super) fn hold(self: &Arc<Self>) -> Held {
        self.unsettled.fetch_add(1, Ordering::Relaxed);
        Held(Arc::clone(self))
    }

    /// Asks the worker that runs this request to stop it. Says whether one does.
    pub(super) fn stop(&self, id: JobId) -> bool {
        let listed = lock(&self.listed);
        let Some(stop) = listed.stops.get(&id) else { return false };
        stop.ask(Ask::Cancel);
        true
    }

    /// Asks all workers, now and from now on, to leave what they run.
    pub(super) fn interrupt(&self) {
        let mut listed = lock(&self.listed);
        listed.is_interrupted = true;
        listed.stops.values().for_each(|stop| stop.ask(Ask::Interrupt));
    }

    /// Waits until no worker has anything to settle.
    pub(super) async fn settled(&self) {
        loop {
            let mut settled = pin!(self.settled.notified());
            settled.as_mut().enable();
            if self.unsettled.load(Ordering::Acquire) == 0 {
                return;
            }
            settled.await;
        }
    }
}

/// A request that is listed.
pub(super) struct Entry<'a> {
    running: &'a Running,
    id: JobId,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        lock(&self.running.listed).stops.remove(&self.id);
    }
}

/// A worker that has something to settle.
pub(super) struct Held(Arc<Running>);

impl Drop for Held {
    fn drop(&mut self) {
        if self.0.unsettled.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.settled.notify_waiters();
        }
    }
}
