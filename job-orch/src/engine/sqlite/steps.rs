//! The table of steps: what the runs of flows have done, so that it is not done again.

use rusqlite::{OptionalExtension, params};

use super::checksum;
use super::requests::Next;
use super::responses::{Kept, NewResponse};
use super::rows::{agree, read_checksum, read_payload};
use super::transaction::Transaction;
use crate::channel::Return;
use crate::id::JobId;
use crate::outcome::{Failure, FailureKind};

/// So many are removed at once.
const MOST_REMOVED: i64 = 1000;

/// What is known of a step that is to be sent.
pub(super) enum Sent {
    /// Nothing: it is to be sent.
    Never,
    /// It waits or runs.
    Before,
    /// It has ended so.
    Ended(Kept),
}

impl Sent {
    pub(super) fn into_end(self) -> Option<Kept> {
        match self {
            Self::Ended(kept) => Some(kept),
            Self::Never | Self::Before => None,
        }
    }
}

impl Transaction<'_> {
    /// Notes that a step is sent, unless it was before.
    pub(super) fn begin_step(&mut self, run: JobId, id: JobId) -> rusqlite::Result<Sent> {
        let now = self.now;
        let found = self
            .prepare("SELECT is_failure, version, codec, checksum, payload FROM step WHERE id = ?1")?
            .query_row([id.to_bytes()], |row| match row.get::<_, Option<bool>>(0)? {
                None => Ok(None),
                Some(is_failure) => {
                    let payload = read_payload(row, 1)?;
                    let is_whole = agree(read_checksum(row, 3)?, checksum::of_response(id, is_failure, &payload));
                    Ok(Some(Kept { id, is_failure, payload: is_whole.map(|()| payload) }))
                }
            })
            .optional()?;
        match found {
            // Damaged: then it is as if it had never run.
            Some(Some(kept)) if kept.payload.is_err() => {}
            Some(Some(kept)) => return Ok(Sent::Ended(kept)),
            Some(None) if self.knows(id)? => return Ok(Sent::Before),
            Some(None) | None => {}
        }
        self.prepare(
            "INSERT INTO step (id, run, noted) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET is_failure = NULL, payload = NULL",
        )?
        .execute(params![id.to_bytes(), run.to_bytes(), now])?;
        Ok(Sent::Never)
    }

    /// Notes how a step has ended, if its run still is. That it was cancelled says nothing about it: it is then forgotten.
    pub(super) fn end_step(&mut self, response: &NewResponse) -> rusqlite::Result<()> {
        let now = self.now;
        let NewResponse { id, is_failure, payload, checksum } = response;
        if *is_failure && !is_final(&payload.bytes) {
            return self.prepare("DELETE FROM step WHERE id = ?1")?.execute([id.to_bytes()]).map(drop);
        }
        self.prepare(
            "UPDATE step SET noted = ?2, is_failure = ?3, version = ?4, codec = ?5, checksum = ?6, payload = ?7 WHERE id = ?1",
        )?
        .execute(params![
            id.to_bytes(),
            now,
            is_failure,
            payload.version,
            payload.codec,
            checksum,
            payload.bytes
        ])
        .map(drop)
    }

    /// A request was settled that may be a flow's: what is remembered of its run goes on with it.
    pub(super) fn settle_run(&mut self, id: JobId, next: &Next) -> rusqlite::Result<()> {
        match next {
            Next::Gone => self.end_run(id, true),
            Next::Dead(_) | Next::Back(Return::Failed(_), _) => self.end_run(id, false),
            Next::Back(..) => Ok(()),
        }
    }

    /// Forgets the steps of a run that is over; of one that may come again, those that failed.
    pub(super) fn end_run(&mut self, run: JobId, is_over: bool) -> rusqlite::Result<()> {
        self.prepare("DELETE FROM step WHERE run = ?1 AND (?2 OR is_failure)")?
            .execute(params![run.to_bytes(), is_over])
            .map(drop)
    }

    /// Removes steps that are older than this and whose run has no request, some of them. Says whether there may be more.
    pub(super) fn remove_old_steps(&mut self, cutoff: i64) -> rusqlite::Result<bool> {
        let removed = self
            .prepare(
                "DELETE FROM step WHERE id IN (SELECT id FROM step WHERE noted < ?1
                 AND NOT EXISTS (SELECT 1 FROM request WHERE request.id = step.run) ORDER BY noted LIMIT ?2)",
            )?
            .execute(params![cutoff, MOST_REMOVED])?;
        Ok(i64::try_from(removed).is_ok_and(|removed| removed >= MOST_REMOVED))
    }
}

/// Whether a failure says something about the step, and not only about who waited for it.
fn is_final(failure: &[u8]) -> bool {
    let failure: Option<Failure> = serde_json::from_slice(failure).ok();
    !failure.is_some_and(|failure| matches!(failure.kind, FailureKind::Cancelled | FailureKind::Expired))
}
