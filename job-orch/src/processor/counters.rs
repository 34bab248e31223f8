//! What a processor counts. Each worker counts for itself, with plain stores: an atomic addition per job and counter would
//! cost more than a short job.

use serde::{Deserialize, Serialize};

use crate::cache::CacheCounts;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, lock};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What has become of the requests of one job, counted since its processor started.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct JobCounts {
            $($(#[$doc])* pub $name: u64,)+
            /// What its cache has counted, if it has one.
            pub cache: Option<CacheCounts>,
        }

        /// What one writer has counted, for all to read.
        #[derive(Debug, Default)]
        pub(super) struct Tally {
            $(pub(super) $name: Counter,)+
        }

        impl Tally {
            fn add_to(&self, counts: &mut JobCounts) {
                $(counts.$name += self.$name.get();)+
            }

            fn fold(&self, other: &Self) {
                $(self.$name.add(other.$name.get());)+
            }
        }
    };
}

counters! {
    /// Attempts started.
    attempts,
    /// Requests that got a response.
    succeeded,
    /// Requests that failed for good.
    failed,
    /// Attempts that failed and were tried again.
    retried,
    /// Runs that ended for now: their requests were snoozed.
    snoozed,
    /// Attempts that panicked.
    panicked,
    /// Attempts that took longer than the job's timeout.
    timed_out,
    /// Requests whose deadline passed.
    expired,
    /// Requests that were cancelled.
    cancelled,
    /// Requests that became dead letters.
    buried,
    /// Responses that a full response channel refused.
    refused_responses,
    /// Settlements that came after the lease was lost, or that the engine failed to record.
    unsettled,
    /// Times a worker was started again after it had ended by a fault.
    restarts,
}

/// A counter with one writer and any number of readers.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Counts so many more. Only its one writer may: two at a time would lose some.
    #[inline]
    pub(super) fn add(&self, more: u64) {
        self.0.store(self.get() + more, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All tallies of one processor.
#[derive(Debug, Default)]
pub(super) struct Counters(Mutex<Tallies>);

#[derive(Debug, Default)]
struct Tallies {
    // What nobody's own tally counts, and those of workers that are gone.
    common: Tally,
    workers: Vec<Arc<Tally>>,
}

impl Counters {
    /// One more worker's tally.
    pub(super) fn join(&self) -> Arc<Tally> {
        let tally = Arc::new(Tally::default());
        lock(&self.0).workers.push(Arc::clone(&tally));
        tally
    }

    /// Keeps what a worker has counted, without the worker.
    pub(super) fn leave(&self, tally: &Arc<Tally>) {
        let mut tallies = lock(&self.0);
        tallies.common.fold(tally);
        tallies.workers.retain(|other| !Arc::ptr_eq(other, tally));
    }

    /// Counts what happens outside any worker.
    pub(super) fn count(&self, count: impl FnOnce(&Tally)) {
        count(&lock(&self.0).common);
    }

    pub(super) fn read(&self, cache: Option<CacheCounts>) -> JobCounts {
        let mut counts = JobCounts { cache, ..JobCounts::default() };
        let tallies = lock(&self.0);
        tallies.common.add_to(&mut counts);
        tallies.workers.iter().for_each(|tally| tally.add_to(&mut counts));
        counts
    }
}
