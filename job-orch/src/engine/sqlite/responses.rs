//! The table of responses: a broadcast that is read by position.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::checksum::checksum;
use super::requests::{Payload, id, read_payload};
use super::transaction::Transaction;
use crate::id::JobId;

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

impl Transaction<'_> {
    pub(super) fn publish(&mut self, job: i64, response: &NewResponse) -> rusqlite::Result<()> {
        let position = self.job(job)?.next_position(1);
        let NewResponse { id, is_failure, payload } = response;
        self.prepare(
            "INSERT INTO response (job, position, missed, id, is_failure, ended, version, codec, checksum, payload)
             VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            job,
            position,
            id.to_bytes(),
            is_failure,
            self.now,
            payload.version,
            payload.codec,
            checksum(*id, payload),
            payload.bytes
        ])
        .map(drop)
    }

    /// Leaves a gap: so many responses were refused.
    pub(super) fn skip(&mut self, job: i64, missed: u64) -> rusqlite::Result<()> {
        let missed = i64::try_from(missed).unwrap_or(i64::MAX >> 8);
        let position = self.job(job)?.next_position(missed);
        self.prepare(
            "INSERT INTO response (job, position, missed, id, is_failure, ended, version, codec, checksum, payload)
             VALUES (?1, ?2, ?3, zeroblob(16), 0, ?4, 0, 0, 0, x'')",
        )?
        .execute(params![job, position, missed, self.now])
        .map(drop)
    }

    /// Removes the oldest responses of a job that ended before `cutoff`, some of them at a time. Says whether there may be
    /// more.
    pub(super) fn remove_old(&self, job: i64, cutoff: i64) -> rusqlite::Result<bool> {
        let removed = self
            .prepare(
                "DELETE FROM response WHERE job = ?1 AND ended < ?2 AND position IN
             (SELECT position FROM response WHERE job = ?1 ORDER BY position LIMIT ?3)",
            )?
            .execute(params![job, cutoff, MOST_REMOVED])?;
        Ok(i64::try_from(removed).is_ok_and(|removed| removed >= MOST_REMOVED))
    }
}

/// Reads what stands from `from` on, the oldest `window` responses at most if there is one; `end` is the next position that
/// will be written.
pub(super) fn read(connection: &Connection, job: i64, from: i64, window: Option<i64>) -> rusqlite::Result<Vec<Entry>> {
    let oldest = match window {
        Some(window) => connection
            .prepare_cached(
                "SELECT position FROM response WHERE job = ?1 AND missed = 0 ORDER BY position DESC LIMIT 1 OFFSET ?2",
            )?
            .query_row(params![job, window - 1], |row| row.get(0))
            .optional()?,
        None => None,
    };
    let from_kept = oldest.map_or(from, |oldest: i64| oldest.max(from));
    let mut statement = connection.prepare_cached(
        "SELECT position, missed, id, is_failure, version, codec, checksum, payload FROM response
         WHERE job = ?1 AND position >= ?2 ORDER BY position LIMIT ?3",
    )?;
    let mut rows = statement.query(params![job, from_kept, MOST])?;
    let (mut entries, mut next) = (Vec::new(), from);
    while let Some(row) = rows.next()? {
        let position: i64 = row.get(0)?;
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

/// The last response to the request with this id.
pub(super) fn find(connection: &Connection, job: i64, wanted: JobId) -> rusqlite::Result<Option<Kept>> {
    connection
        .prepare_cached(
            "SELECT position, missed, id, is_failure, version, codec, checksum, payload FROM response
             WHERE id = ?1 AND job = ?2 ORDER BY position DESC LIMIT 1",
        )?
        .query_row(params![wanted.to_bytes(), job], read_kept)
        .optional()
}

fn read_kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let id = id(row, 2)?;
    Ok(Kept { id, is_failure: row.get(3)?, payload: read_payload(row, id, 4)? })
}
