//! Claiming: who comes next, and what is due.

use rusqlite::{Row, params};

use super::requests::{Claimed, Next, Payload, json, read_claimed};
use super::responses::NewResponse;
use super::transaction::Transaction;
use crate::outcome::{Failure, FailureKind};

/// So often in a row may higher priorities pass a lower one that waits.
const PATIENCE: usize = 32;

/// So many delayed requests line up at once.
const MOST_DUE: i64 = 1000;

/// The codec of failures.
const JSON: u8 = 1;

impl Transaction<'_> {
    /// Claims up to `count` requests of a job for the holder. What has been attempted too often dies instead.
    pub(super) fn claim(
        &mut self,
        job: i64,
        count: usize,
        most_attempts: u32,
        passed: &mut usize,
    ) -> rusqlite::Result<Vec<Claimed>> {
        if self.job(job)?.is_paused() {
            return Ok(Vec::new());
        }
        self.line_up_due(job)?;
        let mut claimed = Vec::with_capacity(count.min(64));
        while claimed.len() < count {
            let picked = self.pick(job, count - claimed.len(), passed)?;
            if picked.is_empty() {
                break;
            }
            for seq in picked {
                claimed.extend(self.hold(job, seq, most_attempts)?);
            }
        }
        Ok(claimed)
    }

    /// Claims one request. What has been attempted too often dies instead.
    fn hold(&mut self, job: i64, seq: i64, most_attempts: u32) -> rusqlite::Result<Option<Claimed>> {
        let held = self
            .prepare(
                "UPDATE request SET state = 2, holder = ?2, fence = fence + 1, attempts = attempts + 1 WHERE seq = ?1
                 RETURNING fence, id, attempts, deadline, trace, is_call, version, codec, checksum, payload",
            )?
            .query_row(params![seq, self.holder], |row| read_claimed(row, job, seq))?;
        self.job(job)?.add_waiting(-1);
        if held.attempt <= most_attempts {
            return Ok(Some(held));
        }
        let reason = Failure::new(FailureKind::Interrupted, "its process died while it ran", held.attempt - 1);
        let payload = Payload { version: held.version, codec: JSON, bytes: json(&reason).into_bytes() };
        let response = NewResponse { id: held.id, is_failure: true, payload };
        self.publish(job, &response)?;
        if held.id.is_within() {
            self.end_step(&response)?;
        }
        self.has_news = true;
        // It is held: this transaction has just claimed it.
        let _ = self.settle(held.grip, &Next::Dead(reason))?;
        Ok(None)
    }

    /// The next in line, `count` at most: the highest priority, but each time patience runs out, the lowest.
    fn pick(&self, job: i64, count: usize, passed: &mut usize) -> rusqlite::Result<Vec<i64>> {
        let seq = |row: &Row<'_>| row.get(0);
        if *passed >= PATIENCE {
            *passed = 0;
            return self
                .prepare(
                    "SELECT seq FROM request WHERE job = ?1 AND state = 0 AND priority =
                     (SELECT min(priority) FROM request WHERE job = ?1 AND state = 0) ORDER BY turn LIMIT 1",
                )?
                .query_map([job], seq)?
                .collect();
        }
        let count = count.min(PATIENCE - *passed);
        *passed += count;
        self.prepare("SELECT seq FROM request WHERE job = ?1 AND state = 0 ORDER BY priority DESC, turn LIMIT ?2")?
            .query_map(params![job, i64::try_from(count).unwrap_or(i64::MAX)], seq)?
            .collect()
    }

    /// What is due goes to the end of the line.
    fn line_up_due(&mut self, job: i64) -> rusqlite::Result<()> {
        let due: Vec<i64> = self
            .prepare("SELECT seq FROM request WHERE job = ?1 AND state = 1 AND due <= ?2 ORDER BY due, turn LIMIT ?3")?
            .query_map(params![job, self.now, MOST_DUE], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for seq in due {
            let turn = self.job(job)?.next_turn();
            self.prepare("UPDATE request SET state = 0, turn = ?2 WHERE seq = ?1")?.execute(params![seq, turn])?;
        }
        Ok(())
    }
}
