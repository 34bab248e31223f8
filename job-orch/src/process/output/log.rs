//! [`Log`]: the output of one process, in the order in which it came.
//!
//! Each byte has a position, counted over both pipes. The newest chunks are in memory, older ones in the file, and what is
//! before the first chunk was dropped. A subscriber is a position.

use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::Notify;

use super::kept::Kept;
use super::spill::{Region, Spill};
use super::{Blob, Pipe};
use crate::process::keep::Keep;
use crate::sync::{Arc, Mutex, lock};

/// The output of one process.
#[derive(Debug)]
pub(in crate::process) struct Log {
    state: Mutex<Kept>,
    keep: Keep,
    pub(super) spill: Spill,
    /// Who makes room has it.
    room: Mutex<()>,
    /// A subscriber has read on, or gone.
    progress: Notify,
}

/// Where one subscriber is.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) place: usize,
    pub(super) position: u64,
    // None: both.
    pub(super) pipe: Option<Pipe>,
    // Bytes of its pipes that it has got, or that it knows to have missed.
    pub(super) seen: u64,
}

/// What a subscriber finds.
#[derive(Debug)]
pub(super) enum Found {
    Blob(Blob),
    Missed(u64),
    InFile(Region),
    End,
}

impl Log {
    pub(in crate::process) fn new(keep: Keep) -> Self {
        let spill = Spill::new(keep.file, keep.folder.clone());
        Self { state: Mutex::default(), keep, spill, room: Mutex::default(), progress: Notify::new() }
    }

    // ===== the process =====

    /// Adds what was read. Returns whether there is too much in memory now: then [`make_room`](Self::make_room).
    pub(super) fn append(&self, pipe: Pipe, bytes: Bytes) -> bool {
        let mut state = lock(&self.state);
        if state.is_closed {
            // A burst that ends a moment later than its process.
            return false;
        }
        state.end += bytes.len() as u64;
        state.in_memory += bytes.len();
        state.push(pipe, bytes);
        let is_over = state.weight() > self.keep.memory;
        let waiting = state.subscribers.take_waiting();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        is_over
    }

    /// Bytes that are kept in memory.
    pub(super) const fn memory(&self) -> usize {
        self.keep.memory
    }

    /// There is no more.
    pub(in crate::process) fn close(&self) {
        let mut state = lock(&self.state);
        state.is_closed = true;
        let waiting = state.subscribers.take_waiting();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// The bytes that were written so far.
    pub(in crate::process) fn written(&self) -> u64 {
        lock(&self.state).end
    }

    /// Puts the oldest chunks into the file, and drops the oldest ones there, until there is room in memory.
    ///
    /// If the file cannot be written, they are dropped instead, and counted as all that is dropped.
    pub(super) async fn make_room(self: &Arc<Self>) {
        loop {
            let progress = self.progress.notified();
            let log = Arc::clone(self);
            let made = tokio::task::spawn_blocking(move || log.make_room_now(log.keep.memory / 2)).await;
            if made.unwrap_or(true) {
                return;
            }
            progress.await;
        }
    }

    /// The same, about so many bytes at a time, on a thread that may wait for the disk. Returns whether there is room: else
    /// subscribers have to read on first.
    pub(super) fn make_room_now(&self, batch: usize) -> bool {
        let _room = lock(&self.room);
        let capacity = self.spill.capacity();
        loop {
            let (start, batch) = {
                let mut state = lock(&self.state);
                if state.weight() <= self.keep.memory {
                    return true;
                }
                state.oldest_in_memory(batch)
            };
            let len = batch.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
            if len == 0 || len > capacity {
                // Too many small chunks, or no file: what is oldest goes.
                return self.drop_front(|state| state.weight() > self.keep.memory);
            }
            if !self.drop_front(|state| state.in_file + len > capacity) {
                return false;
            }
            match self.spill.write(start, batch) {
                Ok(()) => lock(&self.state).note_spilled(start, start + len, capacity),
                Err(error) => {
                    tracing::warn!(target: "job_orch", %error, "output of a process could not be kept in a file");
                    if !self.drop_front(|state| state.front() < start + len) {
                        return false;
                    }
                }
            }
        }
    }

    /// Drops chunks from the front, as long as it must be. Returns whether it could: else there are subscribers to wait for.
    fn drop_front(&self, must: impl Fn(&Kept) -> bool) -> bool {
        let mut state = lock(&self.state);
        state.is_full = false;
        while let Some(first) = state.chunks.front() {
            if !must(&state) {
                break;
            }
            let end = first.start + first.len as u64;
            if self.keep.waits && state.subscribers.slowest().is_some_and(|position| position < end) {
                state.is_full = true;
                return false;
            }
            state.drop_first();
        }
        true
    }

    // ===== subscribers =====

    pub(super) fn subscribe(&self, pipe: Option<Pipe>) -> Cursor {
        let place = lock(&self.state).subscribers.join(0);
        Cursor { place, position: 0, pipe, seen: 0 }
    }

    pub(super) fn leave(&self, cursor: &Cursor) {
        let mut state = lock(&self.state);
        state.subscribers.leave(cursor.place);
        self.go_on(&state);
    }

    pub(super) fn poll_next(&self, cursor: &mut Cursor, context: &Context<'_>) -> Poll<Found> {
        let mut state = lock(&self.state);
        let before = cursor.position;
        let found = state.next(cursor);
        if cursor.position != before {
            state.subscribers.advance(cursor.place, cursor.position);
            self.go_on(&state);
        }
        match found {
            Some(found) => Poll::Ready(found),
            None if state.is_closed => Poll::Ready(Found::End),
            None => {
                state.subscribers.wait(cursor.place, context);
                Poll::Pending
            }
        }
    }

    /// Takes what was read from the file, if it was still there when it had been read.
    pub(super) fn accept(&self, cursor: &mut Cursor, region: &Region) -> bool {
        let mut state = lock(&self.state);
        if state.front() > region.start {
            return false;
        }
        cursor.position = region.start + region.len as u64;
        cursor.seen += region.len as u64;
        state.subscribers.advance(cursor.place, cursor.position);
        self.go_on(&state);
        true
    }

    /// How far the last subscriber lags behind, and how much all of them have read.
    pub(super) fn reading(&self) -> (u64, u64) {
        let state = lock(&self.state);
        (state.end - state.subscribers.slowest().unwrap_or(state.end), state.subscribers.read())
    }

    /// Tells who waits for room that there may be some.
    fn go_on(&self, state: &Kept) {
        if state.is_full {
            self.progress.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(log: &Log, cursor: &mut Cursor) -> Found {
        match log.poll_next(cursor, &Context::from_waker(Waker::noop())) {
            Poll::Ready(found) => found,
            Poll::Pending => Found::End,
        }
    }

    async fn fill(log: &Arc<Log>, bytes: usize) {
        for _ in 0..bytes / 10_000 {
            if log.append(Pipe::Stdout, Bytes::from(vec![b'x'; 10_000])) {
                log.make_room().await;
            }
        }
    }

    /// The file may have been written over while it was read.
    #[tokio::test]
    async fn what_was_dropped_while_it_was_read_is_not_taken() {
        let log = Arc::new(Log::new(Keep::usual().memory(64 << 10).file(100_000)));
        fill(&log, 200_000).await;
        let mut cursor = log.subscribe(None);
        assert!(matches!(found(&log, &mut cursor), Found::Missed(_)));
        let Found::InFile(region) = found(&log, &mut cursor) else { unreachable!("it is in the file") };
        fill(&log, 150_000).await;
        assert!(!log.accept(&mut cursor, &region));
        assert!(matches!(found(&log, &mut cursor), Found::Missed(100_000..)));
        let Found::InFile(region) = found(&log, &mut cursor) else { unreachable!("it is in the file") };
        assert!(log.accept(&mut cursor, &region));
    }
}
