//! Registrations that have names: who registers again by the same one stands in line once, and is given one job.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::{Mutex, MutexGuard};
use url::Url;

use super::error::LineError;
use super::history::TakeKey;
use super::item::Item;
use super::matching::{RegisterError, Registered};
use super::{Dispatcher, Inner};

/// So many names at once have turns of their own, but for chance.
const TURNS: u16 = 256;

/// So many names are remembered beyond those for which there is room in line: of workers that have just left it, and of those
/// that are about to stand there.
const MORE: usize = if cfg!(test) { 1 } else { 1024 };

/// Who registers by the same name does so one after the other.
#[derive(Debug)]
pub(super) struct Turns {
    locks: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self { locks: (0..TURNS).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }
}

impl Turns {
    /// Waits for the turn of this name, which it shares with some others.
    async fn wait(&self, key: &TakeKey) -> Option<MutexGuard<'_, ()>> {
        let number = usize::try_from(self.hasher.hash_one(key) % u64::from(TURNS)).ok()?;
        Some(self.locks.get(number)?.lock().await)
    }
}

impl Dispatcher {
    /// Registers a worker by a name of its own: who has registered by that before stands in line once, and is given one job.
    pub(super) async fn register_named(&self, callback: Url, key: TakeKey) -> Result<Registered, RegisterError> {
        let dispatcher = self.clone();
        // On a task of its own: who goes away and comes again finds it done.
        let registered = self.0.tasks.spawn(async move {
            let inner = &dispatcher.0;
            let _turn = inner.turns.wait(&key).await;
            // In this order: who leaves the line is in the history at once.
            let worker = inner.history.registered(&key);
            if worker.is_some_and(|worker| inner.workers.standing(worker).is_some()) {
                return Ok(Registered::Queued);
            }
            if let Some(take) = inner.history.taken(&key) {
                return Ok(Registered::Again(take));
            }
            dispatcher.register_worker(&callback, Some(&key)).await
        });
        let closed = |_| LineError::Store { line: "workers", reason: "it is closed".to_owned() };
        registered.await.map_err(closed)?
    }

    /// Puts a worker at the end of its line. If it has a name, that is kept first.
    pub(super) async fn line_up(&self, worker: Item, key: Option<&TakeKey>) -> Result<(), LineError> {
        let Inner { history, workers, limits, .. } = &*self.0;
        let Some(key) = key else { return workers.put(worker).await.map(drop) };
        // Who is refused leaves no name behind.
        workers.check(&worker)?;
        let id = worker.id;
        let most = limits.workers.items.saturating_add(MORE);
        let noted = history.register(id, key, most, |other| workers.standing(other).is_some());
        let kept = match noted {
            Ok(through) if workers.is_kept() => history.sync(through).await,
            noted => noted.map(drop),
        };
        let stands = match kept {
            Ok(()) => workers.put(worker).await.map(drop),
            Err(error) => {
                tracing::error!(target: "job_orch", %error, "a worker is not put in line, because its name cannot be kept");
                Err(LineError::Store { line: "workers", reason: error.to_string() })
            }
        };
        if stands.is_err() {
            history.forget_name(id);
        }
        stands
    }
}
