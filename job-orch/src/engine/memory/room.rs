//! Waiting for room: [`Room`].

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::waiters::{Place, Waiters, wake};

/// What can be full.
pub(super) trait Bounded {
    /// Shows, under the lock, who waits for room, and what there is.
    fn look_for_room<T>(&self, look: impl FnOnce(&mut Waiters, Vacancy) -> T) -> T;
}

/// What a sender finds that looks for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vacancy {
    Room,
    Full,
    /// Nobody will take anything any more.
    Over,
}

impl Vacancy {
    pub(super) const fn of(is_over: bool, has_room: bool) -> Self {
        match (is_over, has_room) {
            (true, _) => Self::Over,
            (false, true) => Self::Room,
            (false, false) => Self::Full,
        }
    }
}

/// Waits until there is room, or there never will be. Once woken, it lets the next sender in when it is dropped, if there is
/// still room: whether it got in itself or gave up.
pub(super) struct Room<'a, B: Bounded> {
    channel: &'a B,
    place: Place,
    woken: bool,
}

impl<'a, B: Bounded> Room<'a, B> {
    pub(super) const fn new(channel: &'a B) -> Self {
        Self { channel, place: Place::NONE, woken: false }
    }
}

impl<B: Bounded> Future for Room<'_, B> {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { channel, place, woken } = self.get_mut();
        *woken = true;
        channel.look_for_room(|blocked, vacancy| {
            if vacancy == Vacancy::Full {
                blocked.sleep(place, context);
                return Poll::Pending;
            }
            blocked.rise(place);
            Poll::Ready(())
        })
    }
}

impl<B: Bounded> Drop for Room<'_, B> {
    fn drop(&mut self) {
        if !self.woken {
            return;
        }
        let Self { channel, place, .. } = self;
        wake(channel.look_for_room(|blocked, vacancy| {
            blocked.rise(place);
            if vacancy == Vacancy::Full { None } else { blocked.first() }
        }));
    }
}
