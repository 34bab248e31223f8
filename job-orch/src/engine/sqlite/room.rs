//! Room for the requests that wait: by their number and by their bytes, and what gives way where there is none.

use rusqlite::{OptionalExtension, params};

use super::cells::{self, within};
use super::error::StoreError;
use super::local::Local;
use super::places;
use super::requests::NewRequest;
use super::rows::json;
use super::settling::DEAD;
use super::transaction::{JobRow, Transaction};
use crate::outcome::{Failure, FailureKind};
use crate::settings::{Overflow, Serving};
use crate::sync::atomic::{AtomicI64, Ordering};

/// How much may wait, by what one process was told.
#[derive(Debug)]
pub(super) struct Room {
    requests: i64,
    bytes: i64,
    // Whether what matters least makes room for what is new.
    sheds: bool,
    // The bytes of the first that waits for room in this process.
    wanted: AtomicI64,
}

impl Room {
    pub(super) fn of(serving: &Serving) -> Self {
        Self {
            requests: i64::try_from(serving.requests.max(1)).unwrap_or(i64::MAX),
            bytes: serving.request_bytes.map_or(i64::MAX, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            sheds: serving.full_requests == Overflow::Shed,
            wanted: AtomicI64::new(0),
        }
    }

    /// Refuses what would never find room.
    pub(super) fn admit(&self, size: usize) -> Result<(), StoreError> {
        match i64::try_from(size) {
            Ok(size) if size <= self.bytes => Ok(()),
            _ => Err(StoreError::TooLarge { size: size as u64, most: self.bytes.unsigned_abs() }),
        }
    }

    /// The first that waits has so many bytes: before there is room for them, nobody need look.
    pub(super) fn wants(&self, size: i64) {
        self.wanted.store(size, Ordering::Release);
    }

    /// Whether there is room for the first that waits for it.
    pub(super) fn is_there(&self, row: &JobRow) -> bool {
        self.fits(row, self.wanted.load(Ordering::Acquire))
    }

    const fn fits(&self, row: &JobRow, size: i64) -> bool {
        row.waiting() < self.requests && row.bytes().saturating_add(size) <= self.bytes
    }
}

/// What matters least of those that wait.
#[derive(Clone, Copy, Debug)]
struct Least {
    seq: i64,
    priority: i16,
    turn: i64,
    is_aside: bool,
}

impl Transaction<'_> {
    /// Whether there is room for a request, where others make it if they are to.
    pub(super) fn make_room(&mut self, local: &Local, request: &NewRequest) -> rusqlite::Result<bool> {
        if local.room.fits(self.job(local.job)?, request.size()) {
            return Ok(true);
        }
        // Some of what is pending may turn out to be there already.
        self.put_pending()?;
        if local.room.fits(self.job(local.job)?, request.size()) {
            return Ok(true);
        }
        // Somebody who sends again what is there already is to cost nobody his place.
        if !local.room.sheds || self.knows(request.id)? {
            return Ok(false);
        }
        // All that it takes, or nothing.
        let before = *self.job(local.job)?;
        self.connection()?.execute_batch("SAVEPOINT shed")?;
        let made = self.shed_until(local, request);
        if !matches!(made, Ok(true)) {
            self.connection()?.execute_batch("ROLLBACK TO shed")?;
            *self.job(local.job)? = before;
        }
        self.connection()?.execute_batch("RELEASE shed")?;
        made
    }

    fn shed_until(&mut self, local: &Local, request: &NewRequest) -> rusqlite::Result<bool> {
        while !local.room.fits(self.job(local.job)?, request.size()) {
            let least = self.least(local.job)?;
            let Some(least) = least.filter(|least| least.priority <= request.priority) else { return Ok(false) };
            self.shed(local.job, least)?;
        }
        Ok(true)
    }

    /// Of the ready ones the oldest of the lowest priority, else the delayed one that is due first.
    fn least(&mut self, job: i64) -> rusqlite::Result<Option<Least>> {
        let aside = |row: &rusqlite::Row<'_>| {
            let priority = within(row, 1, i16::MIN, i16::MAX)?;
            Ok(Least { seq: row.get(0)?, priority, turn: row.get(2)?, is_aside: true })
        };
        let ready = self
            .prepare(
                "SELECT seq, priority, turn FROM aside WHERE job = ?1 AND state = 0 AND priority =
                 (SELECT min(priority) FROM aside WHERE job = ?1 AND state = 0) ORDER BY turn LIMIT 1",
            )?
            .query_row([job], aside)
            .optional()?;
        let head = places::in_line(job, self.job(job)?.head());
        let first = self
            .prepare("SELECT seq FROM request WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT 1")?
            .query_row([head, places::end_of_line(job)], |row| row.get(0))
            .optional()?
            .map(|seq| Least { seq, priority: 0, turn: places::turn_of(seq), is_aside: false });
        let least = ready.into_iter().chain(first).min_by_key(|least| (least.priority, least.turn));
        if least.is_some() {
            return Ok(least);
        }
        self.prepare("SELECT seq, priority, turn FROM aside WHERE job = ?1 AND state = 1 ORDER BY due, turn LIMIT 1")?
            .query_row([job], aside)
            .optional()
    }

    /// Buries a request that waits, and has its caller told.
    fn shed(&mut self, job: i64, least: Least) -> rusqlite::Result<()> {
        let seq = least.seq;
        let (id, version, is_call, size, attempts) = self
            .prepare(
                "SELECT id, version, is_call, length(payload), coalesce(attempts, 0)
                 FROM request LEFT JOIN aside USING (seq) WHERE seq = ?1",
            )?
            .query_row([seq], |row| {
                let (version, attempts) = (within(row, 1, 0, u32::MAX)?, within(row, 4, 0, u32::MAX)?);
                Ok((cells::id(row, 0)?, version, cells::flag(row, 2)?, cells::number(row, 3)?, attempts))
            })?;
        let reason = Failure::new(FailureKind::Shed, "it made room for another request in its full queue", attempts);
        if !least.is_aside {
            // The first in the line, which begins behind it now.
            self.job(job)?.advance(least.turn + 1);
        }
        // The flow handles it, as it does any failure of a step.
        if id.is_within() && is_call {
            self.prepare("DELETE FROM aside WHERE seq = ?1")?.execute([seq])?;
            self.forget(seq)?;
        } else {
            self.put_among_the_dead(job, seq, &reason)?;
        }
        self.job(job)?.add_waiting(-1, -size);
        self.publish_failure(job, id, version, &reason)
    }

    fn put_among_the_dead(&mut self, job: i64, seq: i64, reason: &Failure) -> rusqlite::Result<()> {
        let (turn, now) = (self.job(job)?.next_turn(), self.now);
        self.prepare(
            "INSERT INTO aside (seq, job, state, turn, due, priority, attempts, fence, failure)
             SELECT seq, ?2, ?3, ?4, ?5, priority, 0, 0, ?6 FROM request WHERE seq = ?1
             ON CONFLICT (seq) DO UPDATE
             SET state = excluded.state, turn = excluded.turn, due = excluded.due, failure = excluded.failure",
        )?
        .execute(params![seq, job, DEAD, turn, now, json(reason)])?;
        self.lay_key_down(seq)
    }
}
