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
        Waiting { awaited: self.clone(), id, come: Some(come) }
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
    // Taken when it is dropped.
    come: Option<watch::Receiver<()>>,
}

impl Waiting {
    /// Waits until there may be a result.
    pub(in crate::dispatch) async fn come(&mut self) {
        let Some(come) = &mut self.come else { return };
        // Nothing is ever sent.
        let _ = come.changed().await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut awaited = lock(&self.awaited.0);
        // Under the lock, so that one of two who leave at once is the last one.
        drop(self.come.take());
        if awaited.get(&self.id).is_some_and(|come| come.receiver_count() == 0) {
            awaited.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn of_those_who_leave_at_once_the_last_one_puts_out_the_light() {
        let (awaited, id) = (Awaited::default(), JobId::new());
        for _ in 0..200 {
            let waiting: Vec<_> = (0..8).map(|_| awaited.wait(id)).collect();
            let held = lock(&awaited.0);
            thread::scope(|scope| {
                for waiting in waiting {
                    scope.spawn(|| drop(waiting));
                }
                // Until they stand before the lock, one behind the other.
                thread::sleep(Duration::from_millis(1));
                drop(held);
            });
            assert_eq!(awaited.len(), 0);
        }
    }
}
