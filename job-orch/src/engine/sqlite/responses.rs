//! The table of responses: a broadcast that is read by position.

use std::ops::Deref;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::batch::{self, Cells, Insert};
use super::cells;
use super::checksum;
use super::places;
use super::requests::Payload;
use super::rows::{agree, json, read_checksum, read_payload};
use super::transaction::Transaction;
use crate::id::JobId;
use crate::outcome::Failure;
use crate::sync::Arc;

/// The codec of failures.
const JSON: u8 = 1;

/// So many responses are read at once.
const MOST: i64 = 128;

/// So many are removed at once.
const MOST_REMOVED: i64 = 1000;

/// A response on its way into the store.
#[derive(Debug)]
pub(super) struct NewResponse {
    pub(super) id: JobId,
    pub(super) is_failure: bool,
    pub(super) payload: Payload,
    /// Of all of it.
    pub(super) checksum: u32,
}

impl NewResponse {
    pub(super) fn new(id: JobId, is_failure: bool, payload: Payload) -> Self {
        Self { id, is_failure, checksum: checksum::of_response(id, is_failure, &payload), payload }
    }
}

/// How responses come into the table.
pub(super) static INSERT: Insert =
    Insert::new("response (place, id, ended, version, codec, checksum, payload, is_failure)", 8, "");

/// A response that has its place.
#[derive(Debug)]
pub(super) struct Published<R = Arc<NewResponse>> {
    place: i64,
    ended: i64,
    response: R,
}

impl<R: Deref<Target = NewResponse>> batch::Row for Published<R> {
    fn fill(&self, cells: &mut Cells<'_, '_>) -> rusqlite::Result<()> {
        let NewResponse { id, is_failure, payload, checksum } = &*self.response;
        cells.put(self.place)?;
        cells.put(id.to_bytes())?;
        cells.put(self.ended)?;
        cells.put(payload.version)?;
        cells.put(payload.codec)?;
        cells.put(checksum)?;
        cells.put(&payload.bytes)?;
        cells.put(is_failure)
    }
}

/// A response that was read.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: JobId,
    pub(super) is_failure: bool,
    /// Or why it cannot be read.
    pub(super) payload: Result<Payload, String>,
}

/// What stands at one position, and the next position.
#[derive(Debug)]
pub(super) enum Entry {
    Response(Kept, i64),
    /// So many responses were missed.
    Missed(u64, i64),
}

impl Entry {
    /// The position behind it.
    pub(super) const fn next(&self) -> i64 {
        match self {
            Self::Response(_, next) | Self::Missed(_, next) => *next,
        }
    }
}

impl Transaction<'_> {
    pub(super) fn publish(&mut self, job: i64, response: &NewResponse) -> rusqlite::Result<()> {
        let published = Published { place: self.next_place(job)?, ended: self.now, response };
        self.put_rows(&INSERT, &[published]).map(drop)
    }

    /// Publishes it together with what comes next.
    pub(super) fn publish_soon(&mut self, job: i64, response: &Arc<NewResponse>) -> rusqlite::Result<()> {
        let published = Published { place: self.next_place(job)?, ended: self.now, response: Arc::clone(response) };
        self.put_response(published)
    }

    fn next_place(&mut self, job: i64) -> rusqlite::Result<i64> {
        Ok(places::position(job, self.job(job)?.next_position(1)))
    }

    /// Publishes a failure of which no worker tells.
    pub(super) fn publish_failure(
        &mut self,
        job: i64,
        id: JobId,
        version: u32,
        failure: &Failure,
    ) -> rusqlite::Result<()> {
        let payload = Payload { version, codec: JSON, bytes: json(failure).into_bytes() };
        let response = NewResponse::new(id, true, payload);
        self.publish(job, &response)?;
        if id.is_within() {
            self.end_step(&response)?;
        }
        self.has_news = true;
        Ok(())
    }

    /// Leaves a gap: so many responses were refused.
    pub(super) fn skip(&mut self, job: i64, missed: u64) -> rusqlite::Result<()> {
        let missed = i64::try_from(missed).unwrap_or(i64::MAX >> 8);
        let position = self.job(job)?.next_position(missed);
        let (place, now) = (places::position(job, position), self.now);
        self.prepare(
            "INSERT INTO response (place, id, ended, version, codec, checksum, payload, missed)
             VALUES (?1, zeroblob(16), ?2, 0, 0, 0, x'', ?3)",
        )?
        .execute(params![place, now, missed])
        .map(drop)
    }

    /// Removes the oldest responses of a job that ended before `cutoff`, some of them at a time. Says whether there may be
    /// more.
    pub(super) fn remove_old(&mut self, job: i64, cutoff: i64) -> rusqlite::Result<bool> {
        let (first, end) = (places::position(job, 0), places::end_of_positions(job));
        let removed = self
            .prepare(
                "DELETE FROM response WHERE ended < ?3 AND place IN
                 (SELECT place FROM response WHERE place >= ?1 AND place < ?2 ORDER BY place LIMIT ?4)",
            )?
            .execute(params![first, end, cutoff, MOST_REMOVED])?;
        Ok(i64::try_from(removed).is_ok_and(|removed| removed >= MOST_REMOVED))
    }
}

/// Reads what stands from `from` on, the oldest `window` responses at most if there is one; `end` is the next position that
/// will be written.
pub(super) fn read(connection: &Connection, job: i64, from: i64, window: Option<i64>) -> rusqlite::Result<Vec<Entry>> {
    let end = places::end_of_positions(job);
    let oldest = match window {
        Some(window) => connection
            .prepare_cached(
                "SELECT place FROM response WHERE place >= ?1 AND place < ?2 AND missed = 0
                 ORDER BY place DESC LIMIT 1 OFFSET ?3",
            )?
            .query_row(params![places::position(job, 0), end, window - 1], |row| row.get(0).map(places::position_of))
            .optional()?,
        None => None,
    };
    let from_kept = oldest.map_or(from, |oldest: i64| oldest.max(from));
    let mut statement = connection.prepare_cached(
        "SELECT place, missed, id, is_failure, version, codec, checksum, payload FROM response
         WHERE place >= ?1 AND place < ?2 ORDER BY place LIMIT ?3",
    )?;
    let mut rows = statement.query(params![places::position(job, from_kept), end, MOST])?;
    let (mut entries, mut next) = (Vec::new(), from);
    while let Some(row) = rows.next()? {
        let position = places::position_of(row.get(0)?);
        // Too old, or removed when their time was up.
        if position > next {
            entries.push(Entry::Missed(u64::try_from(position - next).unwrap_or(0), position));
        }
        let missed: i64 = row.get(1)?;
        next = position + missed.max(1);
        entries.push(match u64::try_from(missed) {
            Ok(0) | Err(_) => Entry::Response(read_kept(row)?, next),
            Ok(missed) => Entry::Missed(missed, next),
        });
    }
    Ok(entries)
}

/// The last response to the request with this id, and its position.
pub(super) fn find(connection: &Connection, job: i64, wanted: JobId) -> rusqlite::Result<Option<(i64, Kept)>> {
    connection
        .prepare_cached(
            "SELECT place, missed, id, is_failure, version, codec, checksum, payload FROM response
             WHERE id = ?1 AND place >> 40 = ?2 ORDER BY place DESC LIMIT 1",
        )?
        .query_row(params![wanted.to_bytes(), job], |row| Ok((places::position_of(row.get(0)?), read_kept(row)?)))
        .optional()
}

fn read_kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let (id, is_failure, payload) = (cells::id(row, 2)?, cells::flag(row, 3)?, read_payload(row, 4)?);
    let is_whole = agree(read_checksum(row, 6)?, checksum::of_response(id, is_failure, &payload));
    Ok(Kept { id, is_failure, payload: is_whole.map(|()| payload) })
}
