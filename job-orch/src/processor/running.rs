//! The requests that are running and can be stopped: those whose job has suspended. A job that never suspends cannot be
//! stopped by anybody, so it need not be listed, and most jobs cost nothing here.

use std::collections::HashMap;

use crate::channel::stop::Stop;
use crate::id::JobId;
use crate::sync::{Arc, Mutex, lock};

#[derive(Debug, Default)]
pub(super) struct Running(Mutex<HashMap<JobId, Arc<Stop>>>);

impl Running {
    /// Lists a request while the guard lives.
    pub(super) fn enter(&self, id: JobId, stop: &Arc<Stop>) -> Entry<'_> {
        stop.reset();
        lock(&self.0).insert(id, Arc::clone(stop));
        Entry { running: self, id }
    }

    /// Asks the worker that runs this request to stop it. Says whether one does.
    pub(super) fn stop(&self, id: JobId) -> bool {
        let running = lock(&self.0);
        let Some(stop) = running.get(&id) else { return false };
        stop.request();
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
