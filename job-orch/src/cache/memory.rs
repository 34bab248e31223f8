//! The cache in memory: `quick_cache`, with the expiry kept beside the value.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::Instant;

use super::{CacheCounts, Digest, Found, Keep, Remember, digest};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The cache in memory of one job.
pub struct MemoryKeep<J: Remember> {
    entries: Cache<J::Key, Arc<Entry<J>>>,
    hits: AtomicU64,
    misses: AtomicU64,
    joins: AtomicU64,
}

struct Entry<J: Remember> {
    outcome: Result<J::Response, J::Error>,
    // `None` for ever.
    fresh_until: Option<Instant>,
    // Somebody sees to a fresh answer already.
    refreshing: AtomicBool,
}

enum Age {
    Fresh,
    Stale,
    Gone,
}

impl<J: Remember> Entry<J> {
    fn age(&self) -> Age {
        let Some(until) = self.fresh_until else { return Age::Fresh };
        let past = Instant::now().saturating_duration_since(until);
        if past == Duration::ZERO {
            Age::Fresh
        } else if self.outcome.is_ok() && past <= J::POLICY.stale {
            Age::Stale
        } else {
            Age::Gone
        }
    }

    fn copy(&self) -> Option<Result<J::Response, J::Error>> {
        match &self.outcome {
            Ok(response) => Some(Ok(J::copy(response))),
            Err(error) => J::copy_error(error).map(Err),
        }
    }
}

impl<J: Remember> MemoryKeep<J> {
    /// An empty cache with the job's policy.
    #[must_use]
    pub fn new() -> Self {
        Self {
            entries: Cache::new(J::POLICY.capacity.max(1)),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            joins: AtomicU64::new(0),
        }
    }

    fn look(&self, request: &J::Request) -> Found<J::Response, J::Error> {
        let Some(entry) = J::with_key(request, |key| self.entries.get(key)) else { return Found::Missing };
        let age = entry.age();
        if matches!(age, Age::Gone) {
            return Found::Missing;
        }
        match entry.copy() {
            Some(Ok(response)) if matches!(age, Age::Stale) && !entry.refreshing.swap(true, Ordering::Relaxed) => {
                Found::Stale(response)
            }
            Some(outcome) => Found::Fresh(outcome),
            None => Found::Missing,
        }
    }
}

impl<J: Remember> Default for MemoryKeep<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J: Remember> fmt::Debug for MemoryKeep<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryKeep").field("job", &J::NAME).field("counts", &self.counts()).finish()
    }
}

impl<J: Remember> Keep<J> for MemoryKeep<J> {
    fn find(&self, request: &J::Request) -> Found<J::Response, J::Error> {
        let found = self.look(request);
        let counter = if matches!(found, Found::Missing) { &self.misses } else { &self.hits };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    fn fresh(&self, request: &J::Request) -> Option<Result<J::Response, J::Error>> {
        let entry = J::with_key(request, |key| self.entries.get(key))?;
        if matches!(entry.age(), Age::Fresh) { entry.copy() } else { None }
    }

    fn keep(&self, request: &J::Request, outcome: Result<&J::Response, &J::Error>) {
        let (outcome, lasts) = match outcome {
            Ok(response) => (Ok(J::copy(response)), J::POLICY.ttl),
            Err(error) => match (J::copy_error(error), J::POLICY.errors) {
                (Some(error), Some(lasts)) => (Err(error), Some(lasts)),
                _ => return,
            },
        };
        let fresh_until = lasts.and_then(|lasts| Instant::now().checked_add(lasts));
        let entry = Entry { outcome, fresh_until, refreshing: AtomicBool::new(false) };
        self.entries.insert(J::key(request), Arc::new(entry));
    }

    fn give_up(&self, request: &J::Request) {
        if let Some(entry) = J::with_key(request, |key| self.entries.get(key)) {
            entry.refreshing.store(false, Ordering::Relaxed);
        }
    }

    fn digest(&self, request: &J::Request) -> Digest {
        J::with_key(request, digest)
    }

    fn copy(&self, response: &J::Response) -> J::Response {
        J::copy(response)
    }

    fn count_join(&self) {
        self.joins.fetch_add(1, Ordering::Relaxed);
    }

    fn clear(&self) {
        self.entries.clear();
    }

    fn counts(&self) -> CacheCounts {
        CacheCounts {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            joins: self.joins.load(Ordering::Relaxed),
            entries: self.entries.len() as u64,
        }
    }
}
