//! The table of requests: what each operation of a request channel is in SQL.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::checksum::checksum;
use super::transaction::Transaction;
use crate::channel::{Acceptance, Return};
use crate::id::JobId;
use crate::outcome::{Failure, FailureKind};

const READY: i64 = 0;
const DELAYED: i64 = 1;
const RUNNING: i64 = 2;
const DEAD: i64 = 3;

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
    pub(super) is_call: bool,
    pub(super) deadline: Option<i64>,
    pub(super) trace: Option<String>,
    pub(super) payload: Payload,
}

/// A request that this process holds.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) grip: Grip,
    pub(super) id: JobId,
    pub(super) attempt: u32,
    pub(super) deadline: Option<i64>,
    pub(super) trace: Option<String>,
    pub(super) is_call: bool,
    pub(super) version: u32,
    /// Or why it cannot be read.
    pub(super) payload: Result<Payload, String>,
}

/// What proves that a request is held: the fence is another one with each claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Transaction<'_> {
    /// The one that has this key, if it waits or runs.
    pub(super) fn holder_of(&self, job: i64, key: &str) -> rusqlite::Result<Option<JobId>> {
        self.prepare("SELECT id FROM request WHERE job = ?1 AND unique_key = ?2")?
            .query_row(params![job, key], |row| id(row, 0))
            .optional()
    }

    /// Puts a request at the end of the line, or among the delayed ones. One that is there already is not put twice.
    pub(super) fn insert(&mut self, job: i64, request: &NewRequest) -> rusqlite::Result<Acceptance> {
        if let Some(key) = &request.key
            && let Some(holder) = self.holder_of(job, key)?
        {
            return Ok(Acceptance::Duplicate(holder));
        }
        let now = self.now;
        let turn = self.job(job)?.next_turn();
        let NewRequest { id, payload, .. } = request;
        let inserted = self
            .prepare(
                "INSERT OR IGNORE INTO request
                 (id, job, state, turn, due, priority, unique_key, is_call, deadline, trace, sent, version, codec,
                  checksum, payload)
                 VALUES (:id, :job, :state, :turn, :due, :priority, :key, :is_call, :deadline, :trace, :sent, :version,
                         :codec, :checksum, :payload)",
            )?
            .execute(named_params! {
                ":id": id.to_bytes(), ":job": job, ":state": request.due.map_or(READY, |_| DELAYED), ":turn": turn,
                ":due": request.due.unwrap_or(now), ":priority": request.priority, ":key": request.key,
                ":is_call": request.is_call, ":deadline": request.deadline, ":trace": request.trace, ":sent": now,
                ":version": payload.version, ":codec": payload.codec, ":checksum": checksum(*id, payload),
                ":payload": payload.bytes,
            })?;
        self.job(job)?.add_waiting(inserted as i64);
        Ok(Acceptance::New)
    }

    /// Whether a request of the job could be claimed now.
    pub(super) fn has_ready(&self, job: i64) -> rusqlite::Result<bool> {
        self.prepare("SELECT EXISTS (SELECT 1 FROM request WHERE job = ?1 AND state = 0)")?
            .query_row([job], |row| row.get::<_, bool>(0))
    }

    /// When the next delayed request is due.
    pub(super) fn next_due(&self, job: i64) -> rusqlite::Result<Option<i64>> {
        self.prepare("SELECT min(due) FROM request WHERE job = ?1 AND state = 1")?.query_row([job], |row| row.get(0))
    }

    /// Whether the grip still holds.
    pub(super) fn is_held(&self, grip: Grip) -> rusqlite::Result<bool> {
        self.prepare("SELECT EXISTS (SELECT 1 FROM request WHERE seq = ?1 AND fence = ?2 AND state = 2)")?
            .query_row(params![grip.seq, grip.fence], |row| row.get(0))
    }

    /// Settles a request that is held; one that is not stays as it is.
    pub(super) fn settle(&mut self, grip: Grip, next: &Next) -> rusqlite::Result<Settled> {
        let Grip { job, seq, fence } = grip;
        let changed = match next {
            Next::Gone => self
                .prepare("DELETE FROM request WHERE seq = ?1 AND fence = ?2 AND state = 2")?
                .execute(params![seq, fence])?,
            Next::Dead(reason) => {
                let turn = self.job(job)?.next_turn();
                self.prepare(
                    "UPDATE request SET state = 3, holder = NULL, unique_key = NULL, turn = ?3, due = ?4, failure = ?5
                     WHERE seq = ?1 AND fence = ?2 AND state = 2",
                )?
                .execute(params![seq, fence, turn, self.now, json(reason)])?
            }
            Next::Back(back, failure) => {
                let changed = self.give_back(seq, fence, *back, failure.as_ref())?;
                self.job(job)?.add_waiting(changed as i64);
                changed
            }
        };
        Ok(if changed == 1 { Ok(()) } else { Err(Lost) })
    }

    fn give_back(&self, seq: i64, fence: i64, back: Return, failure: Option<&Failure>) -> rusqlite::Result<usize> {
        let (state, due, counts) = match back {
            Return::Untouched => (READY, self.now, 1),
            Return::Snoozed(after) => (DELAYED, self.clock.after(after), 1),
            Return::Failed(after) => (DELAYED, self.clock.after(after), 0),
        };
        self.prepare(
            "UPDATE request SET state = ?3, holder = NULL, due = ?4, attempts = attempts - ?5,
             failure = coalesce(?6, failure) WHERE seq = ?1 AND fence = ?2 AND state = 2",
        )?
        .execute(params![seq, fence, state, due, counts, failure.map(json)])
    }

    /// Takes a request out that waits.
    pub(super) fn withdraw(&mut self, job: i64, wanted: JobId) -> rusqlite::Result<Option<Claimed>> {
        let taken = self
            .prepare(
                "DELETE FROM request WHERE id = ?1 AND job = ?2 AND state IN (0, 1)
                 RETURNING fence, id, attempts, deadline, trace, is_call, version, codec, checksum, payload",
            )?
            .query_row(params![wanted.to_bytes(), job], |row| read_claimed(row, job, 0))
            .optional()?;
        if taken.is_some() {
            self.job(job)?.add_waiting(-1);
        }
        Ok(taken)
    }

    // ===== dead letters =====

    /// Puts a dead letter at the end of the line, as if it had never been attempted.
    pub(super) fn redrive(&mut self, job: i64, id: JobId) -> rusqlite::Result<bool> {
        let turn = self.job(job)?.next_turn();
        let changed = self
            .prepare(
                "UPDATE request SET state = 0, turn = ?3, due = ?4, attempts = 0 WHERE id = ?1 AND job = ?2 AND state = 3",
            )?
            .execute(params![id.to_bytes(), job, turn, self.now])?;
        self.job(job)?.add_waiting(changed as i64);
        Ok(changed == 1)
    }

    pub(super) fn drop_dead(&self, job: i64, id: JobId) -> rusqlite::Result<bool> {
        let changed = self
            .prepare("DELETE FROM request WHERE id = ?1 AND job = ?2 AND state = ?3")?
            .execute(params![id.to_bytes(), job, DEAD])?;
        Ok(changed == 1)
    }

    /// Gives back what a dead holder held. Its attempts count: nobody says that they were none.
    pub(super) fn reclaim(&mut self, holder: i64) -> rusqlite::Result<usize> {
        let jobs: Vec<i64> = self
            .prepare("UPDATE request SET state = 0, holder = NULL WHERE holder = ?1 AND state = ?2 RETURNING job")?
            .query_map(params![holder, RUNNING], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for job in &jobs {
            self.job(*job)?.add_waiting(1);
        }
        Ok(jobs.len())
    }
}

/// How many requests of a job wait.
pub(super) fn waiting(connection: &Connection, job: i64) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT waiting FROM job WHERE number = ?1")?.query_row([job], |row| row.get(0))
}

/// Whether a job is paused.
pub(super) fn is_paused(connection: &Connection, job: i64) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT is_paused FROM job WHERE number = ?1")?.query_row([job], |row| row.get(0))
}

/// All dead letters of a job, oldest first.
pub(super) fn dead(connection: &Connection, job: i64) -> rusqlite::Result<Vec<(JobId, Failure)>> {
    connection
        .prepare_cached("SELECT id, failure FROM request WHERE job = ?1 AND state = 3 ORDER BY turn")?
        .query_map([job], |row| Ok((id(row, 0)?, read_failure(row.get::<_, Option<String>>(1)?.as_deref()))))?
        .collect()
}

pub(super) fn read_claimed(row: &Row<'_>, job: i64, seq: i64) -> rusqlite::Result<Claimed> {
    let id = id(row, 1)?;
    Ok(Claimed {
        grip: Grip { job, seq, fence: row.get(0)? },
        id,
        attempt: row.get(2)?,
        deadline: row.get(3)?,
        trace: row.get(4)?,
        is_call: row.get(5)?,
        version: row.get(6)?,
        payload: read_payload(row, id, 6)?,
    })
}

/// Reads version, codec, checksum and payload, which stand from `first` on; the error says why they are damaged.
pub(super) fn read_payload(row: &Row<'_>, id: JobId, first: usize) -> rusqlite::Result<Result<Payload, String>> {
    let payload = Payload { version: row.get(first)?, codec: row.get(first + 1)?, bytes: row.get(first + 3)? };
    let (stored, found): (u32, u32) = (row.get(first + 2)?, checksum(id, &payload));
    if stored == found {
        return Ok(Ok(payload));
    }
    Ok(Err(format!("its bytes are damaged: their checksum is {found:08x}, and should be {stored:08x}")))
}

pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<JobId> {
    row.get(column).map(JobId::from_bytes)
}

pub(super) fn json(failure: &Failure) -> String {
    serde_json::to_string(failure).unwrap_or_default()
}

fn read_failure(text: Option<&str>) -> Failure {
    let read = text.and_then(|text| serde_json::from_str(text).ok());
    read.unwrap_or_else(|| Failure::new(FailureKind::Unreadable, "its reason cannot be read", 0))
}
