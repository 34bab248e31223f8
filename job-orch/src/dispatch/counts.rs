//! [`Counts`]: what has happened since the start, and what goes on, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that only rise, and gauges.
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
    pub(super) takers: Gauge,
}

/// How many there are now.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicU64);

impl Gauge {
    /// One more, until what is returned is dropped.
    pub(super) fn enter(&self) -> Entered<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Entered(self)
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of those that a gauge counts.
#[derive(Debug)]
#[must_use = "dropped, it is not counted any more"]
pub(super) struct Entered<'a>(&'a Gauge);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
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
