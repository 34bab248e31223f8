//! Settling: what becomes of a request that was held.

use rusqlite::{OptionalExtension, params};

use super::cells::{id, within};
use super::places::{TURN, job_of};
use super::requests::{Claimed, Grip, Lost, Next, Settled};
use super::responses::NewResponse;
use super::rows::json;
use super::transaction::Transaction;
use crate::channel::Return;
use crate::id::JobId;
use crate::outcome::{Failure, FailureKind};
use crate::sync::Arc;

const READY: i64 = 0;
const DELAYED: i64 = 1;
pub(super) const DEAD: i64 = 3;

impl Transaction<'_> {
    /// Whether the grip still holds.
    pub(super) fn is_held(&mut self, grip: Grip) -> rusqlite::Result<bool> {
        self.prepare("SELECT EXISTS (SELECT 1 FROM held WHERE seq = ?1 AND fence = ?2)")?
            .query_row(params![grip.seq, grip.fence], |row| row.get(0))
    }

    /// Settles a request that is held, and records how it ended, if it did: both, or neither.
    pub(super) fn conclude(
        &mut self,
        id: JobId,
        grip: Grip,
        next: &Next,
        response: Option<&Arc<NewResponse>>,
        has_runs: bool,
    ) -> rusqlite::Result<Settled> {
        if self.settle(grip, next)?.is_err() {
            return Ok(Err(Lost));
        }
        if let Some(response) = response {
            self.publish_soon(grip.job, response)?;
            if id.is_within() {
                self.end_step(response)?;
            }
        }
        if has_runs {
            // If it was a flow, and may come again, it finds what it had done.
            self.settle_run(id, next)?;
        }
        Ok(Ok(()))
    }

    /// Settles a request that is held; one that is not stays as it is.
    pub(super) fn settle(&mut self, grip: Grip, next: &Next) -> rusqlite::Result<Settled> {
        match next {
            Next::Gone if self.ended.remove(&grip) => return Ok(Ok(())),
            Next::Gone => {}
            Next::Dead(reason) => self.bury(grip, reason)?,
            Next::Back(..) if self.is_asked_to_stop(grip)? => return self.end_cancelled(grip),
            Next::Back(back, failure) => self.give_back(grip, *back, failure.as_ref())?,
        }
        let released =
            self.prepare("DELETE FROM held WHERE seq = ?1 AND fence = ?2")?.execute(params![grip.seq, grip.fence])?;
        if released == 0 {
            return Ok(Err(Lost));
        }
        if matches!(next, Next::Gone) {
            self.forget(grip.seq)?;
        }
        Ok(Ok(()))
    }

    fn bury(&mut self, grip: Grip, reason: &Failure) -> rusqlite::Result<()> {
        let Grip { job, seq, fence } = grip;
        let (turn, now) = (self.job(job)?.next_turn(), self.now);
        let buried = self
            .prepare(
                "INSERT INTO aside (seq, job, state, turn, due, priority, attempts, fence, failure)
                 SELECT seq, ?3, ?4, ?5, ?6, priority, attempts, fence, ?7 FROM held JOIN request USING (seq)
                 WHERE held.seq = ?1 AND fence = ?2",
            )?
            .execute(params![seq, fence, job, DEAD, turn, now, json(reason)])?;
        if buried == 1 { self.lay_key_down(seq) } else { Ok(()) }
    }

    /// The unique key of a request that has died is free: it is taken up again when that is redriven.
    pub(super) fn lay_key_down(&mut self, seq: i64) -> rusqlite::Result<()> {
        self.prepare(
            "UPDATE request SET dead_key = unique_key, unique_key = NULL WHERE seq = ?1 AND unique_key IS NOT NULL",
        )?
        .execute([seq])
        .map(drop)
    }

    fn give_back(&mut self, grip: Grip, back: Return, failure: Option<&Failure>) -> rusqlite::Result<()> {
        let Grip { job, seq, fence } = grip;
        let (state, due, spared) = match back {
            Return::Untouched => (READY, self.now, 1),
            Return::Snoozed(after) => (DELAYED, self.clock.after(after), 1),
            Return::Failed(after) => (DELAYED, self.clock.after(after), 0),
        };
        let returned = self
            .prepare(
                "INSERT INTO aside (seq, job, state, turn, due, priority, attempts, fence, failure)
                 SELECT seq, ?3, ?4, coalesce(turn, seq & ?5), ?6, priority, attempts - ?7, fence, coalesce(?8, failure)
                 FROM held JOIN request USING (seq) WHERE held.seq = ?1 AND fence = ?2",
            )?
            .execute(params![seq, fence, job, state, TURN, due, spared, failure.map(json)])?;
        if returned == 1 {
            let size = self.size_of(seq)?;
            self.job(job)?.add_waiting(1, size);
        }
        Ok(())
    }

    /// Gives back what a dead holder held. Its attempts count: nobody says that they were none.
    pub(super) fn reclaim(&mut self, holder: i64) -> rusqlite::Result<usize> {
        let cancelled: Vec<Grip> = self
            .prepare("SELECT seq, fence FROM held WHERE holder = ?1 AND is_cancelled = 1")?
            .query_map([holder], |row| {
                let seq = row.get(0)?;
                Ok(Grip { job: job_of(seq), seq, fence: row.get(1)? })
            })?
            .collect::<Result<_, _>>()?;
        for grip in &cancelled {
            // It is held: this transaction has just seen it.
            let _ = self.end_cancelled(*grip)?;
        }
        let now = self.now;
        let returned: Vec<(i64, i64)> = self
            .prepare(
                "INSERT INTO aside (seq, job, state, turn, due, priority, attempts, fence, failure)
                 SELECT seq, seq >> 40, ?2, coalesce(turn, seq & ?3), ?4, priority, attempts, fence, failure
                 FROM held JOIN request USING (seq) WHERE holder = ?1 RETURNING job, seq",
            )?
            .query_map(params![holder, READY, TURN, now], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        self.prepare("DELETE FROM held WHERE holder = ?1")?.execute([holder])?;
        for (job, seq) in &returned {
            let size = self.size_of(*seq)?;
            self.job(*job)?.add_waiting(1, size);
        }
        Ok(returned.len() + cancelled.len())
    }

    // ===== cancelling =====

    /// Takes a request out that waits, readable or not, and says so.
    pub(super) fn cancel(&mut self, job: i64, wanted: JobId) -> rusqlite::Result<Option<Claimed>> {
        let Some(taken) = self.withdraw(job, wanted)? else { return Ok(None) };
        let failure = Failure::new(FailureKind::Cancelled, "cancelled while it waited", 0);
        self.publish_failure(job, wanted, taken.version, &failure)?;
        self.end_run(wanted, true)?;
        Ok(Some(taken))
    }

    /// Asks whoever holds a request to stop it. Says whether anybody does.
    pub(super) fn ask_to_stop(&mut self, job: i64, id: JobId) -> rusqlite::Result<bool> {
        let asked = self
            .prepare(
                "UPDATE held SET is_cancelled = 1
                 WHERE seq = (SELECT seq FROM request WHERE id = ?1) AND seq >> 40 = ?2",
            )?
            .execute(params![id.to_bytes(), job])?;
        self.has_stops |= asked == 1;
        Ok(asked == 1)
    }

    /// What this process holds and is asked to stop, with its job.
    pub(super) fn asked_to_stop(&mut self) -> rusqlite::Result<Vec<(i64, JobId)>> {
        let holder = self.holder;
        self.prepare(
            "SELECT request.seq, id FROM held JOIN request USING (seq) WHERE holder = ?1 AND is_cancelled = 1",
        )?
        .query_map([holder], |row| Ok((job_of(row.get(0)?), id(row, 1)?)))?
        .collect()
    }

    /// Whether this run is asked to stop.
    fn is_asked_to_stop(&mut self, grip: Grip) -> rusqlite::Result<bool> {
        self.prepare("SELECT EXISTS (SELECT 1 FROM held WHERE seq = ?1 AND fence = ?2 AND is_cancelled = 1)")?
            .query_row(params![grip.seq, grip.fence], |row| row.get(0))
    }

    /// Ends a request that was asked to stop and would come again: its run has failed, was given back or died before it heard
    /// of that.
    fn end_cancelled(&mut self, grip: Grip) -> rusqlite::Result<Settled> {
        let held = self
            .prepare(
                "SELECT id, version, attempts FROM held JOIN request USING (seq) WHERE held.seq = ?1 AND fence = ?2",
            )?
            .query_row(params![grip.seq, grip.fence], |row| {
                Ok((id(row, 0)?, within(row, 1, 0, u32::MAX)?, within(row, 2, 0, u32::MAX)?))
            })
            .optional()?;
        if let Some((id, version, attempts)) = held {
            let failure = Failure::new(FailureKind::Cancelled, "cancelled while it ran", attempts);
            self.publish_failure(grip.job, id, version, &failure)?;
            self.end_run(id, true)?;
        }
        self.settle(grip, &Next::Gone)
    }

    // ===== dead letters =====

    /// Puts a dead letter at the end of the line, as if it had never been attempted.
    pub(super) fn redrive(&mut self, job: i64, id: JobId) -> rusqlite::Result<bool> {
        let (turn, now) = (self.job(job)?.next_turn(), self.now);
        let changed: Option<i64> = self
            .prepare(
                "UPDATE aside SET state = ?5, turn = ?3, due = ?4, attempts = 0
                 WHERE seq = (SELECT seq FROM request WHERE id = ?1) AND job = ?2 AND state = ?6 RETURNING seq",
            )?
            .query_row(params![id.to_bytes(), job, turn, now, READY, DEAD], |row| row.get(0))
            .optional()?;
        let Some(seq) = changed else { return Ok(false) };
        self.prepare(
            "UPDATE request SET unique_key = dead_key, dead_key = NULL WHERE seq = ?1 AND dead_key IS NOT NULL",
        )?
        .execute([seq])?;
        let size = self.size_of(seq)?;
        self.job(job)?.add_waiting(1, size);
        // If it is a flow: what failed is tried again. Not everything that dies is settled by a worker who says so.
        self.end_run(id, false)?;
        Ok(true)
    }

    pub(super) fn drop_dead(&mut self, job: i64, id: JobId) -> rusqlite::Result<bool> {
        let dropped = self
            .prepare(
                "DELETE FROM aside WHERE seq = (SELECT seq FROM request WHERE id = ?1) AND job = ?2 AND state = ?3",
            )?
            .execute(params![id.to_bytes(), job, DEAD])?;
        if dropped == 1 {
            self.prepare("DELETE FROM request WHERE id = ?1")?.execute([id.to_bytes()])?;
        }
        Ok(dropped == 1)
    }
}
