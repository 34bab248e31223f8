//! Where a receiver that has siblings keeps what it fetched ahead.
//!
//! It takes one message at a time from there, so that an idle sibling finds all the others: a ready job beside an idle
//! worker is a defect, also where the job before it blocks its thread. The lock is the receiver's own, and nobody else
//! comes by except a sibling that has run out.

use crate::channel::Chunk;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};

#[derive(Debug)]
pub(super) struct Shelf<M> {
    chunk: Mutex<Chunk<M>>,
    // What lies in `chunk`, for a look without the lock. The owner may see too much, never too little.
    len: AtomicUsize,
}

impl<M> Shelf<M> {
    pub(super) fn new() -> Self {
        Self { chunk: Mutex::new(Chunk::default()), len: AtomicUsize::new(0) }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Lets `change` at what lies here.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Chunk<M>) -> T) -> T {
        let mut chunk = lock(&self.chunk);
        let changed = change(&mut chunk);
        self.len.store(chunk.len(), Ordering::Relaxed);
        changed
    }

    /// Moves the first message into the empty `stash`.
    #[inline]
    pub(super) fn take_first(&self, stash: &mut Chunk<M>) {
        if self.len() > 0 {
            stash.clear();
            self.with(|chunk| chunk.move_to(stash, 1));
        }
    }

    /// Moves everything to the end of `stash`.
    pub(super) fn take_all(&self, stash: &mut Chunk<M>) {
        if self.len() > 0 {
            self.with(|chunk| chunk.move_to(stash, chunk.len()));
        }
    }

    /// Moves the older half into the empty `stash`: what is left lies behind a job that may take long.
    pub(super) fn share(&self, stash: &mut Chunk<M>) -> bool {
        if self.len() == 0 {
            return false;
        }
        stash.clear();
        self.with(|chunk| chunk.move_to(stash, chunk.len().div_ceil(2)));
        !stash.is_empty()
    }

    pub(super) fn remove(&self, wanted: &impl Fn(&M) -> bool) -> Option<M> {
        if self.len() == 0 {
            return None;
        }
        self.with(|chunk| chunk.remove(wanted))
    }
}
