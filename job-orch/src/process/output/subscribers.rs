//! Who waits for more output.

use std::task::{Context, Waker};

/// Subscribers that wait for more output, and where all the others are.
#[derive(Debug, Default)]
pub(super) struct Subscribers {
    places: Vec<Place>,
    free: Vec<usize>,
    // Bytes that all of them together have read.
    read: u64,
}

#[derive(Debug, Default)]
struct Place {
    // The byte that it reads next. None: nobody is here.
    position: Option<u64>,
    waker: Option<Waker>,
}

impl Subscribers {
    /// One more subscriber, from this byte on. Returns its place.
    pub(super) fn join(&mut self, position: u64) -> usize {
        let place = Place { position: Some(position), waker: None };
        if let Some(number) = self.free.pop() {
            self.places[number] = place;
            return number;
        }
        self.places.push(place);
        self.places.len() - 1
    }

    /// A subscriber goes.
    pub(super) fn leave(&mut self, number: usize) {
        self.places[number] = Place::default();
        self.free.push(number);
    }

    /// A subscriber has read up to here.
    pub(super) fn advance(&mut self, number: usize, position: u64) {
        self.read += position - self.places[number].position.replace(position).unwrap_or(position);
    }

    /// A subscriber waits.
    pub(super) fn wait(&mut self, number: usize, context: &Context<'_>) {
        match &mut self.places[number].waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
    }

    /// The wakers of all who wait.
    pub(super) fn take_waiting(&mut self) -> Vec<Waker> {
        self.places.iter_mut().filter_map(|place| place.waker.take()).collect()
    }

    /// How much all of them have read.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    /// The first byte that somebody has not read, if anybody listens.
    pub(super) fn slowest(&self) -> Option<u64> {
        self.places.iter().filter_map(|place| place.position).min()
    }
}
