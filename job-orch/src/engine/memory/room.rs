//! Waiting for room: [`Room`].

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::waiters::Place;

/// What can be full.
pub(super) trait Bounded {
    /// Waits until there is room, or there never will be.
    fn poll_room(&self, place: &mut Place, context: &Context<'_>) -> Poll<()>;

    /// Lets the next sender in, if there is still room: called by each that got in or gave up after it was woken.
    fn pass_room(&self, place: &mut Place);
}

/// Waits for room. Once woken, it passes the rest of the room on when it is dropped.
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
        let room = self.get_mut();
        room.woken = true;
        room.channel.poll_room(&mut room.place, context)
    }
}

impl<B: Bounded> Drop for Room<'_, B> {
    fn drop(&mut self) {
        if self.woken {
            self.channel.pass_room(&mut self.place);
        }
    }
}
