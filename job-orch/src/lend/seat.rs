//! Where a worker's future sits, so that its own task and callers can poll it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{OnceLock, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::Id;

use super::{call, here};
use crate::panics::guarded;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard, lock};

/// Jobs that take no longer than this on average are quick: about as long as it takes to wake another thread.
const QUICK: Duration = Duration::from_micros(5);

/// Of so many steps of a worker, one is timed.
pub(super) const TIMED: u32 = 16;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
type Jobs = Box<dyn Fn() -> u64 + Send>;

/// The future of a worker, polled by its own task and by callers. Dropped, the worker is gone.
pub(crate) struct Seated(pub(super) Arc<Seat>);

/// Where a worker's future sits.
pub(super) struct Seat {
    // Never waited for, only tried: the user's code runs in it.
    place: Mutex<Place>,
    // Somebody found the place taken, and counts on whoever is there to see to it.
    missed: AtomicBool,
    // The worker's task is gone.
    left: AtomicBool,
    // Of the worker's task: a task keeps its waker.
    pub(super) task: OnceLock<Waker>,
    pub(super) runtime: Option<Id>,
    pub(super) is_quick: AtomicBool,
    // Who woke it last, as far as that can be told.
    pub(super) regular: AtomicUsize,
}

struct Place {
    // Until it ends: its future, and its waker. The waker holds the seat; the worker's task sees to it that it is dropped.
    work: Option<(Work, Waker)>,
    // The jobs that it has started.
    jobs: Jobs,
    steps: u32,
}

impl Seated {
    /// Seats a worker of this runtime, which has started so many `jobs`.
    pub(crate) fn new(
        work: impl Future<Output = ()> + Send + 'static,
        jobs: impl Fn() -> u64 + Send + 'static,
    ) -> Self {
        let place = Place { work: None, jobs: Box::new(jobs), steps: 0 };
        let seat = Arc::new(Seat {
            place: Mutex::new(place),
            missed: AtomicBool::new(false),
            left: AtomicBool::new(false),
            task: OnceLock::new(),
            runtime: here(),
            is_quick: AtomicBool::new(false),
            regular: AtomicUsize::new(0),
        });
        let waker = Waker::from(Arc::clone(&seat));
        lock(&seat.place).work = Some((Box::pin(work), waker));
        Self(seat)
    }
}

impl Future for Seated {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let seat = &self.0;
        seat.task.get_or_init(|| context.waker().clone());
        match seat.enter_or_leave_word() {
            Some(mut place) => seat.step(&mut place),
            // A lender is there, and wakes this task when it is done.
            None => Poll::Pending,
        }
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.0.left.store(true, Ordering::SeqCst);
        let work = self.0.enter_or_leave_word().map(|mut place| place.work.take());
        drop(work);
    }
}

impl Seat {
    fn enter(&self) -> Option<MutexGuard<'_, Place>> {
        match self.place.try_lock() {
            Ok(place) => Some(place),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Enters. If somebody else is there, they will see that they were missed.
    fn enter_or_leave_word(&self) -> Option<MutexGuard<'_, Place>> {
        self.enter().or_else(|| {
            // Both sides swap: so one of them sees what the other did before.
            self.missed.swap(true, Ordering::AcqRel);
            // They may have gone without having seen it.
            self.enter()
        })
    }

    /// One step of the worker, timed now and then.
    fn step(&self, place: &mut Place) -> Poll<()> {
        let Place { work: Some((work, waker)), jobs, steps } = place else { return Poll::Ready(()) };
        *steps = steps.wrapping_add(1);
        let before = steps.is_multiple_of(TIMED).then(|| (Instant::now(), jobs()));
        let polled = work.as_mut().poll(&mut Context::from_waker(waker));
        if let Some((since, before)) = before {
            self.judge(since.elapsed(), jobs().saturating_sub(before));
        }
        if polled.is_ready() {
            place.work = None;
        }
        polled
    }

    /// Whether its jobs are quick, by a step that started so many.
    fn judge(&self, took: Duration, started: u64) {
        let is_quick = match u32::try_from(started).unwrap_or(u32::MAX) {
            // One that had suspended went on, or there was nothing to do: a short step says nothing of the jobs.
            0 if took <= QUICK => return,
            started => took / started.max(1) <= QUICK,
        };
        self.is_quick.store(is_quick, Ordering::Relaxed);
    }

    /// One step of the worker, on the thread of a caller.
    pub(super) fn step_here(&self) {
        let Some(mut place) = self.enter() else { return self.wake_task() };
        // A panic is the worker's own, and not the caller's: its task finds it.
        let is_over = !matches!(guarded(|| self.step(&mut place)), Ok(Poll::Pending));
        drop(place);
        if is_over || self.missed.swap(false, Ordering::AcqRel) {
            self.see_to_missed();
        }
    }

    #[cold]
    fn see_to_missed(&self) {
        if !self.left.load(Ordering::SeqCst) {
            return self.wake_task();
        }
        let work = self.enter_or_leave_word().map(|mut place| place.work.take());
        // The drop of the worker's own things is no fault of the caller's either.
        if let Err(panic) = guarded(|| drop(work)) {
            tracing::error!(target: "job_orch", { panic }, "a worker panicked as it was dropped");
        }
    }

    pub(super) fn wake_task(&self) {
        if let Some(task) = self.task.get() {
            task.wake_by_ref();
        }
    }
}

impl Wake for Seat {
    fn wake(self: Arc<Self>) {
        if let Err(seat) = call(self) {
            seat.wake_task();
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // A worker that wants to be polled again: it lets others run first.
        self.wake_task();
    }
}

impl fmt::Debug for Seated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seated").field("is_quick", &self.0.is_quick).finish_non_exhaustive()
    }
}
