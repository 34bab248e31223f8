//! [`Counts`]: what has happened since the start, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that only rise.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) assigned: Count,
    pub(super) queued: Count,
    pub(super) given: Count,
    pub(super) workers: Count,
    pub(super) calls_taken: Count,
    pub(super) calls_failed: Count,
    pub(super) results: Count,
    pub(super) requests: Count,
    pub(super) refused: Count,
}

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
