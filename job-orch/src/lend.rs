//! A caller lends its thread to the worker that its request wakes.
//!
//! To wake a task and to be woken costs more than a short job. Where a request finds a worker asleep whose jobs are
//! quick, and its sender would do nothing but wait, the sender takes the worker's next step itself: it polls the worker's
//! own future where it sits, with the worker's own waker. A job that suspends goes on in the worker's task, and a caller that
//! goes away takes nothing with it.
//!
//! Thrift, not parallelism, so it is for callers that ask for one thing after the other: a worker that another task called
//! last is woken as ever. Jobs that take longer than to wake a thread are not run so, nor are workers of another runtime.

mod seat;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::task::Waker;

use tokio::runtime::{Handle, Id};

use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use seat::Seat;
pub(crate) use seat::Seated;

/// The most steps that one request is lent: it may wake more than one worker, and they others.
const STEPS: u8 = 8;

/// How often a worker that was lent a thread looks for more than what it was woken for.
const LOOKS: u8 = 1;

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

/// Counts on the lender for a worker that was woken, if there is one and it serves that.
fn call(seat: Arc<Seat>) -> Result<(), Arc<Seat>> {
    if !THREAD.with(|thread| thread.serves(&seat)) {
        return Err(seat);
    }
    WOKEN.with_borrow_mut(|woken| woken.push_back(seat));
    Ok(())
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
