//! Tasks that sleep until somebody wakes them: first come, first woken.

use std::collections::VecDeque;
use std::task::{Context, Waker};

use crate::spread::spread;

/// The tasks that wait for one thing, in the order in which they came. Lives under the lock of the thing waited for, so
/// that no wake-up can fall between looking and lying down.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    next: u64,
    // Ascending by number, so that one that leaves early is found by bisection; a deque, so that lying down and getting
    // up costs no allocation.
    asleep: VecDeque<(u64, Waker)>,
}

/// The place of one task among the [`Waiters`]. Every waiting future has its own: a second waker must never overwrite the
/// first.
#[derive(Debug)]
pub(super) struct Place(Option<u64>);

impl Waiters {
    /// Lies down, or turns over: the task of `context` will be woken.
    #[inline]
    pub(super) fn sleep(&mut self, place: &mut Place, context: &Context<'_>) {
        if let Some(at) = place.0.and_then(|number| self.position(number)) {
            self.asleep[at].1.clone_from(context.waker());
            return;
        }
        let number = self.next;
        self.next += 1;
        self.asleep.push_back((number, context.waker().clone()));
        place.0 = Some(number);
    }

    /// Gets up. A place that somebody has called already is gone from here: whoever called it counts on the wake-up being
    /// used or passed on.
    #[inline]
    pub(super) fn rise(&mut self, place: &mut Place) {
        let Some(number) = place.0.take() else { return };
        if let Some(at) = self.position(number) {
            self.asleep.remove(at);
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.asleep.is_empty()
    }

    /// Takes the first sleeper, to be woken after the lock is released.
    #[inline]
    #[must_use = "a waker that is dropped wakes nobody"]
    pub(super) fn first(&mut self) -> Option<Waker> {
        self.asleep.pop_front().map(|(_, waker)| waker)
    }

    /// Takes all sleepers.
    #[must_use = "wakers that are dropped wake nobody"]
    pub(super) fn all(&mut self) -> Awoken {
        let mut awoken = Awoken::default();
        for slot in &mut awoken.few {
            *slot = self.first();
        }
        awoken.rest = self.asleep.drain(..).map(|(_, waker)| waker).collect();
        awoken
    }

    #[inline]
    fn position(&self, number: u64) -> Option<usize> {
        // Mostly nobody sleeps, or one.
        if self.asleep.is_empty() {
            return None;
        }
        self.asleep.binary_search_by_key(&number, |(number, _)| *number).ok()
    }
}

impl Place {
    /// Nobody lies here yet.
    pub(super) const NONE: Self = Self(None);

    /// Whether a task has lain down here and not got up.
    pub(super) const fn is_taken(&self) -> bool {
        self.0.is_some()
    }
}

/// Sleepers to wake after the lock is released. The few that there are mostly cost no allocation.
#[derive(Debug, Default)]
#[must_use = "wakers that are dropped wake nobody"]
pub(super) struct Awoken {
    few: [Option<Waker>; 8],
    rest: Vec<Waker>,
}

impl Awoken {
    pub(super) fn wake(self) {
        self.few.into_iter().flatten().chain(self.rest).for_each(Waker::wake);
    }
}

/// Wakes whoever was taken out, after the lock is gone.
#[inline]
pub(super) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Wakes whoever was taken out so that any idle thread can run it, because whoever runs here goes on.
pub(super) fn wake_elsewhere(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
        spread();
    }
}
