//! [`Awaited`]: who waits for the result of which job.

use std::collections::HashMap;

use tokio::sync::watch;

use crate::id::JobId;
use crate::sync::{Arc, Mutex, lock};

/// Who waits for the result of which job: a result wakes those who wait for it, and nobody else.
#[derive(Clone, Debug, Default)]
pub(super) struct Awaited(Arc<Mutex<HashMap<JobId, watch::Sender<()>>>>);

impl Awaited {
    pub(super) fn wait(&self, id: JobId) -> Waiting {
        let come = lock(&self.0).entry(id).or_default().subscribe();
        Waiting { awaited: self.clone(), id, come }
    }

    /// This one has come.
    pub(super) fn wake(&self, id: JobId) {
        // Without a sender, nobody waits any more.
        drop(lock(&self.0).remove(&id));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

/// One who waits.
#[derive(Debug)]
pub(in crate::dispatch) struct Waiting {
    awaited: Awaited,
    id: JobId,
    come: watch::Receiver<()>,
}

impl Waiting {
    /// Waits until there may be a result.
    pub(in crate::dispatch) async fn come(&mut self) {
        // Nothing is ever sent.
        let _ = self.come.changed().await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut awaited = lock(&self.awaited.0);
        // The last one. Where others have begun to wait since it came, they look once more.
        if awaited.get(&self.id).is_some_and(|come| come.receiver_count() <= 1) {
            awaited.remove(&self.id);
        }
    }
}
