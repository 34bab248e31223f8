//! What a processor counts: each worker for itself, and now and then for all to read.

use serde::{Deserialize, Serialize};

use crate::cache::CacheCounts;
use crate::sync::atomic::{AtomicU64, Ordering};

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

        /// The counters that all workers of a processor share.
        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $($name: AtomicU64,)+
        }

        /// What one worker has counted and not yet shared: an atomic addition per job and counter would cost more than a
        /// short job.
        #[derive(Debug, Default)]
        pub(super) struct Tally {
            $(pub(super) $name: u64,)+
        }

        impl Counters {
            pub(super) fn share(&self, tally: &mut Tally) {
                $(if tally.$name > 0 {
                    self.$name.fetch_add(std::mem::take(&mut tally.$name), Ordering::Relaxed);
                })+
            }

            pub(super) fn read(&self, cache: Option<CacheCounts>) -> JobCounts {
                JobCounts { $($name: self.$name.load(Ordering::Relaxed),)+ cache }
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
