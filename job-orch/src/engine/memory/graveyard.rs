//! The dead letters of one channel in memory.

use std::collections::VecDeque;

use crate::channel::Failure;
use crate::sync::{Mutex, lock};

/// Dead letters kept per channel. Memory is bounded: the oldest goes for the newest, and is logged.
const ROOM: usize = 1024;

#[derive(Debug)]
pub(super) struct Graveyard<M>(Mutex<Graves<M>>);

#[derive(Debug)]
struct Graves<M> {
    letters: VecDeque<(M, Failure)>,
}

impl<M> Default for Graveyard<M> {
    fn default() -> Self {
        Self(Mutex::new(Graves { letters: VecDeque::new() }))
    }
}

impl<M> Graveyard<M> {
    pub(super) fn bury(&self, message: M, reason: Failure) {
        let mut graves = lock(&self.0);
        graves.letters.push_back((message, reason));
        let oldest = if graves.letters.len() > ROOM { graves.letters.pop_front() } else { None };
        drop(graves);
        if let Some((_, reason)) = oldest {
            tracing::warn!(target: "job_orch", %reason, "a dead letter made room for a newer one");
        }
    }

    /// Calls `see` for each, oldest first.
    pub(super) fn list<T>(&self, see: impl Fn(&M, &Failure) -> T) -> Vec<T> {
        lock(&self.0).letters.iter().map(|(message, reason)| see(message, reason)).collect()
    }

    /// Takes out the first that `wanted` picks.
    pub(super) fn exhume(&self, wanted: impl Fn(&M) -> bool) -> Option<(M, Failure)> {
        let mut graves = lock(&self.0);
        let at = graves.letters.iter().position(|(message, _)| wanted(message))?;
        graves.letters.remove(at)
    }
}
