//! Equal requests of a cached job that run at the same time: one runs, the others are parked and share its answer. A
//! parked request holds no worker.

use std::collections::HashMap;

use crate::cache::Digest;
use crate::id::JobId;
use crate::sync::{Mutex, lock};

#[derive(Debug)]
pub(super) struct Flights<D> {
    flights: Mutex<Board<D>>,
    // Deliveries that may be parked in all.
    room: usize,
}

#[derive(Debug)]
struct Board<D> {
    flights: HashMap<Digest, Flight<D>>,
    parked: usize,
    // Nobody would ever end a flight: each runs by itself.
    is_closed: bool,
}

#[derive(Debug)]
struct Flight<D> {
    // Runs for all. It leads on over its retries, which come as deliveries of their own.
    leader: JobId,
    parked: Vec<D>,
}

/// What a delivery is to do.
#[derive(Debug)]
pub(super) enum Boarding<D> {
    /// Run: the flight is its own.
    Lead(D),
    /// Nothing: it was parked.
    Parked,
    /// Come again: there is no room to park.
    Full(D),
}

impl<D> Flights<D> {
    pub(super) fn new(room: usize) -> Self {
        Self { flights: Mutex::new(Board { flights: HashMap::new(), parked: 0, is_closed: false }), room }
    }

    pub(super) fn board(&self, digest: Digest, id: JobId, delivery: D) -> Boarding<D> {
        let mut board = lock(&self.flights);
        if board.is_closed {
            return Boarding::Lead(delivery);
        }
        let full = board.parked >= self.room;
        let flight = board.flights.entry(digest).or_insert_with(|| Flight { leader: id, parked: Vec::new() });
        if flight.leader == id {
            return Boarding::Lead(delivery);
        }
        if full {
            return Boarding::Full(delivery);
        }
        flight.parked.push(delivery);
        board.parked += 1;
        Boarding::Parked
    }

    /// Parks the one who leads a flight, and lets somebody else lead it.
    pub(super) fn hand_over(&self, digest: Digest, leader: JobId, delivery: D) {
        let mut board = lock(&self.flights);
        if board.is_closed {
            drop(board);
            // It returns to the queue, or is told that nobody serves it.
            return drop(delivery);
        }
        board.parked += 1;
        let flight = board.flights.entry(digest).or_insert_with(|| Flight { leader, parked: Vec::new() });
        flight.leader = leader;
        flight.parked.push(delivery);
    }

    /// Ends the flight that this request leads, and returns who was parked.
    pub(super) fn land(&self, digest: Digest, leader: JobId) -> Vec<D> {
        let mut board = lock(&self.flights);
        if board.flights.get(&digest).is_none_or(|flight| flight.leader != leader) {
            return Vec::new();
        }
        let parked = board.flights.remove(&digest).map(|flight| flight.parked).unwrap_or_default();
        board.parked -= parked.len();
        parked
    }

    /// Takes out the first parked delivery that `wanted` picks.
    pub(super) fn leave(&self, wanted: impl Fn(&D) -> bool) -> Option<D> {
        let mut board = lock(&self.flights);
        let left = board.flights.values_mut().find_map(|flight| {
            let at = flight.parked.iter().position(&wanted)?;
            Some(flight.parked.remove(at))
        })?;
        board.parked -= 1;
        Some(left)
    }

    /// Ends all flights, and begins none any more.
    pub(super) fn close(&self) -> Vec<D> {
        lock(&self.flights).is_closed = true;
        self.clear()
    }

    /// Ends all flights.
    pub(super) fn clear(&self) -> Vec<D> {
        let mut board = lock(&self.flights);
        board.parked = 0;
        board.flights.drain().flat_map(|(_, flight)| flight.parked).collect()
    }
}
