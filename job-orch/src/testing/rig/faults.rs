//! Faults at named points.

use std::collections::BTreeMap;

use crate::sync::{Mutex, lock};

/// Where a fault can be put in a request's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Point {
    /// The engine refuses a request.
    Send,
    /// The engine accepts a request, and its answer is lost: the sender is told of a failure.
    Accepted,
    /// The engine fails while a worker waits for a request.
    Receive,
    /// The engine fails to record how a run ended. A worker tries again, while it has the lease.
    Record,
    /// The lease of a run is lost before its end is recorded, and the request goes to somebody else.
    Lease,
}

/// Which operations are to fail.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<BTreeMap<(&'static str, Point), u32>>);

impl Faults {
    pub(super) fn inject(&self, job: &'static str, point: Point, times: u32) {
        *lock(&self.0).entry((job, point)).or_default() += times;
    }

    /// Whether this operation is to fail.
    pub(super) fn strike(&self, job: &'static str, point: Point) -> bool {
        let mut faults = lock(&self.0);
        let Some(times) = faults.get_mut(&(job, point)) else { return false };
        *times = times.saturating_sub(1);
        if *times == 0 {
            faults.remove(&(job, point));
        }
        true
    }
}
