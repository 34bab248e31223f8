//! [`Progress`]: how far a run is, step by step.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use super::graph::Graph;
use crate::channel::scope::{Counts, StepNo};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, lock};

/// How far a job of a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct StepCount {
    /// The number of the step in [`Flow::graph`](super::Flow::graph).
    pub step: StepNo,
    /// The job's name.
    pub job: &'static str,
    /// Requests that were answered.
    pub done: u64,
    /// Requests that have come to the step so far.
    pub total: u64,
}

/// How far a run is: a stream of the counts of all its jobs, in the order of the flow.
///
/// Each item is the newest state: whoever is slow sees fewer of them and holds nothing up. The last one comes when the run has
/// ended, and then the stream ends.
pub struct Progress {
    counts: Arc<Counting>,
    has_ended: bool,
}

/// What a run counts, if somebody wants to know.
pub(super) struct Counting {
    steps: Vec<Step>,
    // Something has changed since the stream looked.
    is_fresh: AtomicBool,
    is_over: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

struct Step {
    number: StepNo,
    job: &'static str,
    entered: AtomicU64,
    left: AtomicU64,
}

impl Counting {
    pub(super) fn new(graph: &Graph) -> Arc<Self> {
        let steps = graph.nodes.iter().filter_map(|node| {
            let job = node.kind.job()?;
            Some(Step { number: node.step, job, entered: AtomicU64::new(0), left: AtomicU64::new(0) })
        });
        Arc::new(Self {
            steps: steps.collect(),
            is_fresh: AtomicBool::new(true),
            is_over: AtomicBool::new(false),
            waker: Mutex::new(None),
        })
    }

    pub(super) fn watch(self: &Arc<Self>) -> Progress {
        Progress { counts: Arc::clone(self), has_ended: false }
    }

    /// The run has ended.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        self.tell();
    }

    fn tell(&self) {
        if !self.is_fresh.swap(true, Ordering::AcqRel) {
            let waker = lock(&self.waker).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    fn step(&self, number: StepNo) -> Option<&Step> {
        let at = self.steps.binary_search_by_key(&number, |step| step.number).ok()?;
        self.steps.get(at)
    }

    fn read(&self) -> Vec<StepCount> {
        let count = |step: &Step| StepCount {
            step: step.number,
            job: step.job,
            // In this order: nothing leaves that has not entered.
            done: step.left.load(Ordering::Acquire),
            total: step.entered.load(Ordering::Acquire),
        };
        self.steps.iter().map(count).collect()
    }
}

impl Counts for Counting {
    fn entered(&self, step: StepNo, count: u64) {
        if let Some(step) = self.step(step) {
            step.entered.fetch_add(count, Ordering::Release);
            self.tell();
        }
    }

    fn left(&self, step: StepNo) {
        if let Some(step) = self.step(step) {
            step.left.fetch_add(1, Ordering::Release);
            self.tell();
        }
    }
}

impl Progress {
    /// The newest state, at once.
    #[must_use]
    pub fn now(&self) -> Vec<StepCount> {
        self.counts.read()
    }
}

impl Stream for Progress {
    type Item = Vec<StepCount>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let progress = self.get_mut();
        if progress.has_ended {
            return Poll::Ready(None);
        }
        // First the waker, then the look: what changes between is seen by one of both.
        *lock(&progress.counts.waker) = Some(context.waker().clone());
        if !progress.counts.is_fresh.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        progress.has_ended = progress.counts.is_over.load(Ordering::Acquire);
        Poll::Ready(Some(progress.counts.read()))
    }
}

impl fmt::Debug for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.read()).finish()
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("now", &self.now()).finish_non_exhaustive()
    }
}
