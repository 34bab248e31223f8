//! The table of requests: how one comes into it, and what it is when it comes out.

use std::ops::Deref;

use rusqlite::{Connection, OptionalExtension, params};

use super::batch::{self, Cells, Insert};
use super::cells::{id, within};
use super::checksum;
use super::places;
use super::rows::{read_claimed, read_failure};
use super::transaction::{Transaction, read_pause};
use crate::channel::{Acceptance, Return};
use crate::id::JobId;
use crate::outcome::Failure;
use crate::retry::Retry;
use crate::sync::Arc;

/// Bytes, with what is known of them.
#[derive(Clone, Debug)]
pub(super) struct Payload {
    pub(super) version: u32,
    pub(super) codec: u8,
    pub(super) bytes: Vec<u8>,
}

/// A request on its way into the store.
#[derive(Debug)]
pub(super) struct NewRequest {
    pub(super) id: JobId,
    /// That it is a step of.
    pub(super) run: Option<JobId>,
    pub(super) priority: i16,
    pub(super) due: Option<i64>,
    pub(super) key: Option<String>,
    /// Those that run have nothing against it.
    pub(super) while_waiting: bool,
    /// Dead letters have.
    pub(super) even_dead: bool,
    /// Until then, nobody else gets the key.
    pub(super) key_until: Option<i64>,
    pub(super) is_call: bool,
    pub(super) deadline: Option<i64>,
    pub(super) trace: Option<String>,
    /// JSON: how it is retried, if not as the job says.
    pub(super) retry: Option<String>,
    pub(super) payload: Payload,
    /// Of all of it, but for the key.
    pub(super) checksum: u32,
}

impl NewRequest {
    /// The bytes of its payload.
    pub(super) fn size(&self) -> i64 {
        size(&self.payload)
    }

    /// Whether it stands in the line, with no row but its own.
    const fn is_plain(&self) -> bool {
        self.priority == 0 && self.due.is_none()
    }

    /// Whether it needs the columns that few requests have.
    const fn has_more(&self) -> bool {
        !self.is_plain()
            || self.key.is_some()
            || self.deadline.is_some()
            || self.trace.is_some()
            || self.retry.is_some()
    }
}

/// How requests without more come into the table.
pub(super) static INSERT: Insert = Insert::new(
    "request (seq, id, sent, version, codec, checksum, payload, is_call)",
    8,
    "ON CONFLICT (id) DO NOTHING",
);

/// A request that has its place in the line.
#[derive(Debug)]
pub(super) struct LinedUp<R = Arc<NewRequest>> {
    pub(super) seq: i64,
    sent: i64,
    pub(super) request: R,
}

impl<R: Deref<Target = NewRequest>> batch::Row for LinedUp<R> {
    fn fill(&self, cells: &mut Cells<'_, '_>) -> rusqlite::Result<()> {
        let NewRequest { id, is_call, payload, checksum, .. } = &*self.request;
        cells.put(self.seq)?;
        cells.put(id.to_bytes())?;
        cells.put(self.sent)?;
        cells.put(payload.version)?;
        cells.put(payload.codec)?;
        cells.put(checksum::of_row(*checksum, self.seq, self.sent))?;
        cells.put(&payload.bytes)?;
        cells.put(is_call)
    }
}

/// The bytes of a payload.
pub(super) fn size(payload: &Payload) -> i64 {
    i64::try_from(payload.bytes.len()).unwrap_or(i64::MAX)
}

/// A request that this process holds.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) grip: Grip,
    pub(super) id: JobId,
    pub(super) attempt: u32,
    pub(super) deadline: Option<i64>,
    pub(super) trace: Option<String>,
    pub(super) retry: Option<String>,
    pub(super) is_call: bool,
    pub(super) version: u32,
    /// The bytes of its payload, readable or not.
    pub(super) size: i64,
    /// Or why it cannot be read.
    pub(super) payload: Result<Payload, String>,
}

impl Claimed {
    /// How it is retried, if its sender says so in place of the job. What cannot be read was written by a newer version.
    pub(super) fn retry(&self) -> Option<Retry> {
        let read = serde_json::from_str(self.retry.as_deref()?);
        let tell = |error: &serde_json::Error| {
            tracing::warn!(target: "job_orch", { job.id = %self.id, %error }, "it is retried as its job says");
        };
        read.inspect_err(tell).ok()
    }
}

/// What proves that a request is held: the fence is another one with each claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Grip {
    pub(super) job: i64,
    pub(super) seq: i64,
    pub(super) fence: i64,
}

/// The lease was lost: somebody else has the request, or had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost;

pub(super) type Settled = Result<(), Lost>;

/// How a request goes on that was held.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// It is done.
    Gone,
    /// It is dead, for this reason.
    Dead(Failure),
    /// It returns.
    Back(Return, Option<Failure>),
}

/// The columns that [`read_claimed`] reads, but for the fence and the attempts.
macro_rules! columns {
    () => {
        "request.seq, id, sent, request.priority, is_call, deadline, trace, version, codec, checksum, payload, retry"
    };
}
pub(super) use columns;

impl Transaction<'_> {
    /// The same as [`insert`](Self::insert). Requests as most are go in together with what comes next.
    pub(super) fn insert_soon(&mut self, job: i64, request: &Arc<NewRequest>) -> rusqlite::Result<Acceptance> {
        if request.has_more() {
            return self.insert(job, request);
        }
        let row = self.job(job)?;
        let seq = places::in_line(job, row.next_turn());
        row.add_waiting(1, request.size());
        self.put_request(LinedUp { seq, sent: self.now, request: Arc::clone(request) })?;
        Ok(Acceptance::New)
    }

    /// Puts a request at the end of the line, or among the delayed ones. One that is there already is not put twice.
    pub(super) fn insert(&mut self, job: i64, request: &NewRequest) -> rusqlite::Result<Acceptance> {
        if let Some(rival) = self.rival_of(job, request)? {
            return Ok(Acceptance::Duplicate(rival));
        }
        let turn = self.job(job)?.next_turn();
        let seq = if request.is_plain() { places::in_line(job, turn) } else { places::beside(job, turn) };
        let is_new = if request.has_more() {
            self.write_all(seq, request)?
        } else {
            self.put_rows(&INSERT, &[LinedUp { seq, sent: self.now, request }])? == 1
        };
        if is_new && request.has_more() {
            self.take_key(job, request)?;
        }
        if is_new && !request.is_plain() {
            self.put_aside(job, seq, turn, request)?;
        }
        if is_new {
            self.job(job)?.add_waiting(1, request.size());
        }
        Ok(Acceptance::New)
    }

    fn write_all(&mut self, seq: i64, request: &NewRequest) -> rusqlite::Result<bool> {
        let (now, checksum) = (self.now, checksum::of_row(request.checksum, seq, self.now));
        let NewRequest { id, priority, key, is_call, deadline, trace, retry, payload, .. } = request;
        let Payload { version, codec, bytes } = payload;
        let written = self
            .prepare(
                "INSERT INTO request
                 (seq, id, sent, version, codec, checksum, payload, is_call, priority, unique_key, deadline, trace, retry)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                seq,
                id.to_bytes(),
                now,
                version,
                codec,
                checksum,
                bytes,
                is_call,
                priority,
                key,
                deadline,
                trace,
                retry
            ])?;
        Ok(written == 1)
    }

    fn put_aside(&mut self, job: i64, seq: i64, turn: i64, request: &NewRequest) -> rusqlite::Result<()> {
        let now = self.now;
        self.prepare(
            "INSERT INTO aside (seq, job, state, turn, due, priority, attempts, fence)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0)",
        )?
        .execute(params![seq, job, request.due.is_some(), turn, request.due.unwrap_or(now), request.priority])
        .map(drop)
    }

    /// Whether there is a request with this id, in whichever state.
    pub(super) fn knows(&mut self, id: JobId) -> rusqlite::Result<bool> {
        let found =
            self.prepare("SELECT 1 FROM request WHERE id = ?1")?.query_row([id.to_bytes()], |_| Ok(())).optional()?;
        Ok(found.is_some())
    }

    /// Takes a request out that waits.
    pub(super) fn withdraw(&mut self, job: i64, wanted: JobId) -> rusqlite::Result<Option<Claimed>> {
        let head = self.job(job)?.head();
        let found = self
            .prepare(concat!(
                "SELECT ",
                columns!(),
                ", coalesce(fence, 0), coalesce(attempts, 0), aside.seq IS NOT NULL FROM request LEFT JOIN aside USING (seq)
                 WHERE id = ?1 AND seq >> 40 = ?2 AND coalesce(state < 2, seq >= ?3 AND (seq >> 39) & 1 = 0)"
            ))?
            .query_row(params![wanted.to_bytes(), job, places::in_line(job, head)], |row| {
                Ok((read_claimed(row, row.get(12)?, within(row, 13, 0, u32::MAX)?)?, row.get::<_, bool>(14)?))
            })
            .optional()?;
        let Some((taken, is_aside)) = found else { return Ok(None) };
        if is_aside {
            self.prepare("DELETE FROM aside WHERE seq = ?1")?.execute([taken.grip.seq])?;
        }
        self.give_key_back(job, taken.grip.seq)?;
        self.forget(taken.grip.seq)?;
        self.job(job)?.add_waiting(-1, -taken.size);
        Ok(Some(taken))
    }

    /// The bytes of a request's payload.
    pub(super) fn size_of(&mut self, seq: i64) -> rusqlite::Result<i64> {
        let size = self
            .prepare("SELECT length(payload) FROM request WHERE seq = ?1")?
            .query_row([seq], |row| row.get(0))
            .optional()?;
        Ok(size.unwrap_or(0))
    }

    /// Removes the row of a request itself.
    pub(super) fn forget(&mut self, seq: i64) -> rusqlite::Result<()> {
        self.prepare("DELETE FROM request WHERE seq = ?1")?.execute([seq]).map(drop)
    }
}

/// How many requests of a job wait.
pub(super) fn waiting(connection: &Connection, job: i64) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT waiting FROM job WHERE number = ?1")?.query_row([job], |row| row.get(0))
}

/// Whether a job is paused.
pub(super) fn is_paused(connection: &Connection, job: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT is_paused FROM job WHERE number = ?1")?
        .query_row([job], |row| read_pause(row.get(0)?))
}

/// All dead letters of a job, oldest first.
pub(super) fn dead(connection: &Connection, job: i64) -> rusqlite::Result<Vec<(JobId, Failure)>> {
    connection
        .prepare_cached(
            "SELECT id, failure FROM aside JOIN request USING (seq) WHERE job = ?1 AND state = 3 ORDER BY turn",
        )?
        .query_map([job], |row| Ok((id(row, 0)?, read_failure(row.get_ref(1)?.as_bytes().unwrap_or_default()))))?
        .collect()
}
