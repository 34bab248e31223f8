//! A caller lends its thread to the worker that its request wakes.
//!
//! To wake a task and to be woken costs more than a short job. Where a request finds a worker asleep whose jobs are
//! quick, and its sender would do nothing but wait, the sender takes the worker's next step itself: it polls the worker's
//! own future where it sits, with the worker's own waker. A job that suspends goes on in the worker's task, and a caller that
//! goes away takes nothing with it.
//!
//! Thrift, not parallelism, so it is for callers that ask for one thing after the other: a worker that another task called
//! last is woken as ever. Jobs that take longer than to wake a thread are not run so, nor are workers of another runtime.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{OnceLock, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, Id};

use crate::panics::guarded;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard, lock};

/// Jobs that take no longer than this on average are quick: about as long as it takes to wake another thread.
const QUICK: Duration = Duration::from_micros(5);

/// Of so many steps of a worker, one is timed.
const TIMED: u32 = 16;

/// The most steps that one request is lent: it may wake more than one worker, and they others.
const STEPS: u8 = 8;

/// How often a worker that was lent a thread looks for more than what it was woken for.
const LOOKS: u8 = 1;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
type Jobs = Box<dyn Fn() -> u64 + Send>;

/// The future of a worker, polled by its own task and by callers. Dropped, the worker is gone.
pub(crate) struct Seated(Arc<Seat>);

/// Where a worker's future sits.
struct Seat {
    // Never waited for, only tried: the user's code runs in it.
    place: Mutex<Place>,
    // Somebody found the place taken, and counts on whoever is there to see to it.
    missed: AtomicBool,
    // The worker's task is gone.
    left: AtomicBool,
    // Of the worker's task: a task keeps its waker.
    task: OnceLock<Waker>,
    runtime: Option<Id>,
    is_quick: AtomicBool,
    // Who woke it last, as far as that can be told.
    regular: AtomicUsize,
}

struct Place {
    // Until it ends: its future, and its waker. The waker holds the seat; the worker's task sees to it that it is dropped.
    work: Option<(Work, Waker)>,
    // The jobs that it has started.
    jobs: Jobs,
    steps: u32,
}

thread_local! {
    static THREAD: Thread = const { Thread::new() };
    // Workers that were woken meanwhile.
    static WOKEN: RefCell<VecDeque<Arc<Seat>>> = const { RefCell::new(VecDeque::new()) };
}

/// What this thread is at. Nothing in it need be dropped: so it is there without having been made.
struct Thread {
    // The caller that lends it, if one does.
    lender: Cell<Option<usize>>,
    // What is pushed now is what the lender will do nothing but wait for.
    serves: Cell<bool>,
    // Steps that may still be lent.
    steps: Cell<u8>,
    // How often the worker at hand may still look for more.
    looks: Cell<u8>,
    // The last request woke a worker that was lent the thread.
    was_lent: Cell<bool>,
}

impl Thread {
    const fn new() -> Self {
        Self {
            lender: Cell::new(None),
            serves: Cell::new(false),
            steps: Cell::new(0),
            looks: Cell::new(u8::MAX),
            was_lent: Cell::new(false),
        }
    }

    /// Whether a worker that is woken is to be lent this thread: it is lent, and this one is its regular's.
    fn serves(&self, seat: &Seat) -> bool {
        let Some(caller) = self.lender.get().filter(|_| self.serves.get()) else { return false };
        if seat.regular.load(Ordering::Relaxed) != caller {
            seat.regular.store(caller, Ordering::Relaxed);
            return false;
        }
        let serves = self.steps.get() > 0 && seat.is_quick.load(Ordering::Relaxed);
        self.steps.set(self.steps.get() - u8::from(serves));
        serves
    }
}

/// A thread that is lent to the workers that are woken from now on. It ends with this, also by a panic: who was woken by then
/// is woken as ever.
#[must_use = "it ends when it is dropped"]
pub(crate) struct Loan {
    // A job of a worker that was lent the thread asks another: one after the other, not one within the other.
    is_inner: bool,
    // Of this thread alone.
    here: PhantomData<*const ()>,
}

/// Lends the thread to whom [`serving`] wakes. `caller` is the task that will wait for what the workers do.
#[inline]
pub(crate) fn lend(caller: &Waker) -> Loan {
    let is_inner = THREAD.with(|thread| {
        let is_inner = thread.lender.get().is_some();
        if !is_inner {
            thread.lender.set(Some(caller.data().addr()));
            thread.steps.set(STEPS);
        }
        is_inner
    });
    Loan { is_inner, here: PhantomData }
}

/// Pushes a request for which its sender will do nothing but wait, if the thread is lent. Whoever is woken otherwise, by a
/// job that goes on with something else, is woken as ever.
#[inline]
pub(crate) fn serving<T>(push: impl FnOnce() -> T) -> T {
    THREAD.with(|thread| {
        thread.serves.set(true);
        let pushed = push();
        thread.serves.set(false);
        pushed
    })
}

/// Whether what a caller of this thread waits for is probably there as soon as it has asked: to leave its waker is in vain then.
#[inline]
pub(crate) fn is_likely() -> bool {
    THREAD.with(|thread| thread.was_lent.get() && thread.lender.get().is_none())
}

/// Whether a worker may look for more. One that was lent its thread soon leaves what else there is to its own task.
#[cfg(feature = "memory")]
#[inline]
pub(crate) fn may_look() -> bool {
    THREAD.with(|thread| {
        let looks = thread.looks.get();
        if looks != u8::MAX {
            thread.looks.set(looks.saturating_sub(1));
        }
        looks > 0
    })
}

/// The runtime that this runs on.
fn here() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

fn next_woken() -> Option<Arc<Seat>> {
    WOKEN.with_borrow_mut(VecDeque::pop_front)
}

impl Loan {
    /// Does the next step of each worker that was woken, and of those that they wake. Says whether there was any.
    #[inline]
    pub(crate) fn work(self) -> bool {
        if self.is_inner {
            return false;
        }
        // Counted here: to look into the list of the woken takes longer.
        let was_lent = THREAD.with(|thread| thread.steps.get() < STEPS);
        if was_lent {
            work();
        }
        THREAD.with(|thread| thread.was_lent.set(was_lent));
        was_lent
    }
}

impl Drop for Loan {
    #[inline]
    fn drop(&mut self) {
        if self.is_inner {
            return;
        }
        let is_used = THREAD.with(|thread| {
            thread.lender.set(None);
            // After a panic.
            thread.serves.set(false);
            thread.looks.set(u8::MAX);
            thread.steps.get() < STEPS
        });
        if is_used {
            while let Some(seat) = next_woken() {
                seat.wake_task();
            }
        }
    }
}

fn work() {
    let runtime = here();
    while let Some(seat) = next_woken() {
        if runtime == seat.runtime {
            THREAD.with(|thread| thread.looks.set(LOOKS));
            seat.step_here();
        } else {
            seat.wake_task();
        }
    }
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
    fn step_here(&self) {
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

    fn wake_task(&self) {
        if let Some(task) = self.task.get() {
            task.wake_by_ref();
        }
    }
}

impl Wake for Seat {
    fn wake(self: Arc<Self>) {
        if THREAD.with(|thread| thread.serves(&self)) {
            WOKEN.with_borrow_mut(|woken| woken.push_back(self));
        } else {
            self.wake_task();
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

#[cfg(test)]
mod tests;
