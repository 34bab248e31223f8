//! [`Log`]: the output of one process, in the order in which it came.
//!
//! Each byte has a position, counted over both pipes. The newest chunks are in memory, older ones in the file, and what is
//! before the first chunk was dropped. A subscriber is a position.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use super::spill::{Region, Spill};
use super::subscribers::Subscribers;
use super::{Blob, Pipe};
use crate::process::keep::Keep;
use crate::sync::{Mutex, lock};

/// Small chunks are put together up to this size, so that a process that writes byte by byte costs no more to keep than to
/// read.
const SMALL: usize = 4096;

/// Chunks in the file are put together up to this size.
const REGION: usize = 1 << 20;

/// What a chunk costs beside its bytes.
const PRICE: usize = 64;

/// The output of one process.
#[derive(Debug)]
pub(in crate::process) struct Log {
    state: Mutex<State>,
    keep: Keep,
    pub(super) spill: Spill,
    /// Who makes room has it.
    room: tokio::sync::Mutex<()>,
    /// A subscriber has read on, or gone.
    progress: Notify,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Chunk>,
    // The position of the next byte.
    end: u64,
    // Bytes of each pipe that were dropped.
    dropped: [u64; 2],
    // Bytes in memory, and in the file.
    in_memory: usize,
    in_file: u64,
    is_closed: bool,
    subscribers: Subscribers,
    // Somebody waits for subscribers to read on.
    is_full: bool,
}

/// Bytes of one pipe that follow each other.
#[derive(Debug)]
struct Chunk {
    start: u64,
    len: usize,
    pipe: Pipe,
    // None: they are in the file.
    bytes: Option<Bytes>,
}

/// Where one subscriber is.
#[derive(Debug)]
pub(super) struct Cursor {
    place: usize,
    position: u64,
    // None: both.
    pipe: Option<Pipe>,
    // Bytes of its pipes that it has got, or that it knows to have missed.
    seen: u64,
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
        Self { state: Mutex::default(), keep, spill, room: tokio::sync::Mutex::default(), progress: Notify::new() }
    }

    // ===== the process =====

    /// Adds what was read. Returns whether there is too much in memory now: then [`make_room`](Self::make_room).
    pub(super) fn append(&self, pipe: Pipe, bytes: Bytes) -> bool {
        let mut state = lock(&self.state);
        state.end += bytes.len() as u64;
        state.in_memory += bytes.len();
        state.push(pipe, bytes);
        let is_over = state.weight() > self.keep.memory;
        let waiting = state.subscribers.take_waiting();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        is_over
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
    pub(super) async fn make_room(&self) {
        let _room = self.room.lock().await;
        let spill = &self.spill;
        loop {
            let (start, batch) = {
                let mut state = lock(&self.state);
                if state.weight() <= self.keep.memory {
                    return;
                }
                state.oldest_in_memory(self.keep.memory / 2)
            };
            let len = batch.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
            if len == 0 || len > spill.capacity() {
                // Too many small chunks, or no file: what is oldest goes.
                self.drop_front(|state| state.weight() > self.keep.memory).await;
                return;
            }
            self.drop_front(|state| state.in_file + len > spill.capacity()).await;
            match spill.write(start, batch).await {
                Ok(()) => lock(&self.state).note_spilled(start, start + len),
                Err(error) => {
                    tracing::warn!(target: "job_orch", %error, "output of a process could not be kept in a file");
                    self.drop_front(|state| state.front() < start + len).await;
                }
            }
        }
    }

    /// Drops chunks from the front, as long as it must be. Waits for subscribers first, if it has to.
    async fn drop_front(&self, must: impl Fn(&State) -> bool) {
        loop {
            let progress = self.progress.notified();
            {
                let mut state = lock(&self.state);
                state.is_full = false;
                loop {
                    let Some(first) = state.chunks.front() else { return };
                    if !must(&state) {
                        return;
                    }
                    let end = first.start + first.len as u64;
                    if self.keep.waits && state.subscribers.slowest().is_some_and(|position| position < end) {
                        state.is_full = true;
                        break;
                    }
                    state.drop_first();
                }
            }
            progress.await;
        }
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

    /// Tells who waits for room that there may be some.
    fn go_on(&self, state: &State) {
        if state.is_full {
            self.progress.notify_waiters();
        }
    }
}

impl State {
    /// The position of the first byte that is kept.
    fn front(&self) -> u64 {
        self.chunks.front().map_or(self.end, |chunk| chunk.start)
    }

    fn weight(&self) -> usize {
        self.in_memory + self.chunks.len() * PRICE
    }

    fn push(&mut self, pipe: Pipe, bytes: Bytes) {
        let start = self.end - bytes.len() as u64;
        if bytes.len() >= SMALL {
            self.chunks.push_back(Chunk { start, len: bytes.len(), pipe, bytes: Some(bytes) });
            return;
        }
        if let Some(last) = self.chunks.back_mut()
            && last.pipe == pipe
            && last.len + bytes.len() <= SMALL
            && let Some(before) = &last.bytes
        {
            let mut both = BytesMut::with_capacity(last.len + bytes.len());
            both.extend_from_slice(before);
            both.extend_from_slice(&bytes);
            last.len = both.len();
            last.bytes = Some(both.freeze());
            return;
        }
        // Copied, so that a few bytes do not hold the buffer that they were read into.
        let bytes = Bytes::copy_from_slice(&bytes);
        self.chunks.push_back(Chunk { start, len: bytes.len(), pipe, bytes: Some(bytes) });
    }

    /// The oldest chunks in memory, about so many bytes of them, and where they begin.
    fn oldest_in_memory(&mut self, bytes: usize) -> (u64, Vec<Bytes>) {
        let first = self.chunks.partition_point(|chunk| chunk.bytes.is_none());
        let start = self.chunks.get(first).map_or(self.end, |chunk| chunk.start);
        let mut taken = 0;
        let mut batch = Vec::new();
        for chunk in self.chunks.range(first..) {
            if taken >= bytes {
                break;
            }
            taken += chunk.len;
            batch.extend(chunk.bytes.clone());
        }
        (start, batch)
    }

    /// These bytes are in the file now. A chunk that has grown meanwhile stays in memory.
    fn note_spilled(&mut self, start: u64, end: u64) {
        let first = self.chunks.partition_point(|chunk| chunk.start < start);
        let last = self.chunks.partition_point(|chunk| chunk.start + chunk.len as u64 <= end);
        for chunk in self.chunks.range_mut(first..last) {
            if chunk.bytes.take().is_some() {
                self.in_memory -= chunk.len;
                self.in_file += chunk.len as u64;
            }
        }
        self.join_spilled(first.saturating_sub(1), last);
    }

    /// Makes one of neighbours in the file.
    fn join_spilled(&mut self, first: usize, last: usize) {
        let mut tail = self.chunks.split_off(last);
        let spilled = self.chunks.split_off(first);
        for chunk in spilled {
            match self.chunks.back_mut() {
                Some(before)
                    if before.bytes.is_none()
                        && chunk.bytes.is_none()
                        && before.pipe == chunk.pipe
                        && before.len + chunk.len <= REGION =>
                {
                    before.len += chunk.len;
                }
                _ => self.chunks.push_back(chunk),
            }
        }
        self.chunks.append(&mut tail);
    }

    fn drop_first(&mut self) {
        let Some(chunk) = self.chunks.pop_front() else { return };
        self.dropped[chunk.pipe as usize] += chunk.len as u64;
        match chunk.bytes {
            Some(_) => self.in_memory -= chunk.len,
            None => self.in_file -= chunk.len as u64,
        }
    }

    /// What is at the cursor. Moves it past what is returned, unless that has to be read first.
    fn next(&self, cursor: &mut Cursor) -> Option<Found> {
        let front = self.front();
        if cursor.position < front {
            cursor.position = front;
            let dropped = cursor.pipe.map_or(self.dropped[0] + self.dropped[1], |pipe| self.dropped[pipe as usize]);
            let missed = dropped - cursor.seen;
            cursor.seen = dropped;
            if missed > 0 {
                return Some(Found::Missed(missed));
            }
        }
        let first = self.chunks.partition_point(|chunk| chunk.start + chunk.len as u64 <= cursor.position);
        for chunk in self.chunks.range(first..) {
            let skipped = usize::try_from(cursor.position - chunk.start).unwrap_or(chunk.len);
            let len = chunk.len - skipped;
            if cursor.pipe.is_some_and(|pipe| pipe != chunk.pipe) {
                cursor.position += len as u64;
                continue;
            }
            let Some(bytes) = &chunk.bytes else {
                return Some(Found::InFile(Region::new(cursor.position, len, chunk.pipe)));
            };
            cursor.position += len as u64;
            cursor.seen += len as u64;
            return Some(Found::Blob(Blob { pipe: chunk.pipe, bytes: bytes.slice(skipped..) }));
        }
        None
    }
}
