//! What a [`Log`](super::Log) has of the output, and where: the newest chunks in memory, older ones in the file. What is before
//! the first chunk was dropped.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::log::{Cursor, Found};
use super::spill::Region;
use super::subscribers::Subscribers;
use super::{Blob, Pipe};

/// Small chunks are put together up to this size, so that a process that writes byte by byte costs no more to keep than to
/// read.
const SMALL: usize = 4096;

/// Chunks in the file are put together up to this size, and up to this part of the file: they are dropped as one.
const REGION: usize = 1 << 20;
const PART: u64 = 16;

/// What a chunk costs beside its bytes.
const PRICE: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) chunks: VecDeque<Chunk>,
    // The position of the next byte.
    pub(super) end: u64,
    // Bytes of each pipe that were dropped.
    pub(super) dropped: [u64; 2],
    // Bytes in memory, and in the file.
    pub(super) in_memory: usize,
    pub(super) in_file: u64,
    pub(super) is_closed: bool,
    pub(super) subscribers: Subscribers,
    // Somebody waits for subscribers to read on.
    pub(super) is_full: bool,
}

/// Bytes of one pipe that follow each other.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) len: usize,
    pub(super) pipe: Pipe,
    // None: they are in the file.
    pub(super) bytes: Option<Bytes>,
}

impl Kept {
    /// The position of the first byte that is kept.
    pub(super) fn front(&self) -> u64 {
        self.chunks.front().map_or(self.end, |chunk| chunk.start)
    }

    pub(super) fn weight(&self) -> usize {
        self.in_memory + self.chunks.len() * PRICE
    }

    pub(super) fn push(&mut self, pipe: Pipe, bytes: Bytes) {
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
    pub(super) fn oldest_in_memory(&mut self, bytes: usize) -> (u64, Vec<Bytes>) {
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
    pub(super) fn note_spilled(&mut self, start: u64, end: u64, capacity: u64) {
        let first = self.chunks.partition_point(|chunk| chunk.start < start);
        let last = self.chunks.partition_point(|chunk| chunk.start + chunk.len as u64 <= end);
        for chunk in self.chunks.range_mut(first..last) {
            if chunk.bytes.take().is_some() {
                self.in_memory -= chunk.len;
                self.in_file += chunk.len as u64;
            }
        }
        let most = usize::try_from(capacity / PART).unwrap_or(REGION).min(REGION);
        self.join_spilled(first.saturating_sub(1), last, most);
    }

    /// Makes one of neighbours in the file.
    fn join_spilled(&mut self, first: usize, last: usize, most: usize) {
        let mut tail = self.chunks.split_off(last);
        let spilled = self.chunks.split_off(first);
        for chunk in spilled {
            match self.chunks.back_mut() {
                Some(before)
                    if before.bytes.is_none()
                        && chunk.bytes.is_none()
                        && before.pipe == chunk.pipe
                        && before.len + chunk.len <= most =>
                {
                    before.len += chunk.len;
                }
                _ => self.chunks.push_back(chunk),
            }
        }
        self.chunks.append(&mut tail);
    }

    pub(super) fn drop_first(&mut self) {
        let Some(chunk) = self.chunks.pop_front() else { return };
        self.dropped[chunk.pipe as usize] += chunk.len as u64;
        match chunk.bytes {
            Some(_) => self.in_memory -= chunk.len,
            None => self.in_file -= chunk.len as u64,
        }
    }

    /// What is at the cursor. Moves it past what is returned, unless that has to be read first.
    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<Found> {
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
