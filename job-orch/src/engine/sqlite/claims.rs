//! Claiming: who comes next, and what is due.

use rusqlite::{OptionalExtension, Row, ffi, params};

use super::cells::within;
use super::local::Local;
use super::places;
use super::requests::{Claimed, Next, columns};
use super::rows::read_claimed;
use super::transaction::Transaction;
use crate::outcome::{Failure, FailureKind};
use crate::sync::atomic::Ordering;

/// So often in a row may higher priorities pass a lower one that waits.
const PATIENCE: usize = 32;

/// So many delayed requests line up at once.
const MOST_DUE: i64 = 1000;

/// A request that is ready and does not stand in the line.
#[derive(Clone, Copy, Debug)]
struct Aside {
    seq: i64,
    priority: i16,
    turn: i64,
}

impl Aside {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { seq: row.get(0)?, priority: within(row, 1, i16::MIN, i16::MAX)?, turn: row.get(2)? })
    }
}

impl Transaction<'_> {
    /// Claims so much for the receivers of this process.
    pub(super) fn claim_for(&mut self, local: &Local, wanted: usize) -> rusqlite::Result<Vec<Claimed>> {
        let mut passed = local.passed.load(Ordering::Relaxed);
        let claimed = self.claim(local.job, wanted, local.most_attempts, &mut passed)?;
        local.passed.store(passed, Ordering::Relaxed);
        if claimed.len() < wanted {
            // Of a paused job, nothing is ever due.
            let is_paused = self.job(local.job)?.is_paused();
            local.note_due(if is_paused { None } else { self.next_due(local.job)? });
        }
        Ok(claimed)
    }

    /// Claims up to `count` requests of a job for the holder. What has been attempted too often dies instead.
    fn claim(
        &mut self,
        job: i64,
        count: usize,
        most_attempts: u32,
        passed: &mut usize,
    ) -> rusqlite::Result<Vec<Claimed>> {
        let mut claimed = Vec::new();
        if self.job(job)?.is_paused() {
            return Ok(claimed);
        }
        self.line_up_due(job)?;
        while claimed.len() < count {
            let before = self.job(job)?.waiting();
            self.claim_some(job, count, most_attempts, passed, &mut claimed)?;
            if self.job(job)?.waiting() == before {
                break;
            }
        }
        Ok(claimed)
    }

    /// Claims some of the next, so that there are `count` at most.
    fn claim_some(
        &mut self,
        job: i64,
        count: usize,
        most_attempts: u32,
        passed: &mut usize,
        claimed: &mut Vec<Claimed>,
    ) -> rusqlite::Result<()> {
        let wanted = count - claimed.len();
        let aside = self.ready_aside(job, wanted)?;
        if aside.is_empty() {
            // Nobody is passed by.
            *passed = 0;
            claimed.append(&mut self.take_line(job, wanted, None)?);
        } else if *passed >= PATIENCE {
            *passed = 0;
            self.claim_lowest(job, most_attempts, claimed)?;
        } else {
            let most = count.min(claimed.len() + PATIENCE - *passed);
            let before = claimed.len();
            for next in aside {
                if next.priority <= 0 {
                    // Those of the line come first that stood there earlier.
                    let until = (next.priority == 0).then_some(next.turn);
                    claimed.append(&mut self.take_line(job, most - claimed.len(), until)?);
                }
                if claimed.len() >= most {
                    break;
                }
                claimed.extend(self.hold(job, next.seq, most_attempts)?);
            }
            claimed.append(&mut self.take_line(job, most - claimed.len(), None)?);
            *passed += claimed.len() - before;
        }
        Ok(())
    }

    /// Claims one of the lowest priority.
    fn claim_lowest(&mut self, job: i64, most_attempts: u32, claimed: &mut Vec<Claimed>) -> rusqlite::Result<()> {
        let lowest = self
            .prepare(
                "SELECT seq, priority, turn FROM aside WHERE job = ?1 AND state = 0 AND priority =
                 (SELECT min(priority) FROM aside WHERE job = ?1 AND state = 0) ORDER BY turn LIMIT 1",
            )?
            .query_row([job], Aside::read)?;
        if lowest.priority >= 0 {
            let until = (lowest.priority == 0).then_some(lowest.turn);
            let mut first = self.take_line(job, 1, until)?;
            if !first.is_empty() {
                claimed.append(&mut first);
                return Ok(());
            }
        }
        claimed.extend(self.hold(job, lowest.seq, most_attempts)?);
        Ok(())
    }

    /// Whether a request of the job could be claimed now.
    pub(super) fn has_ready(&mut self, job: i64) -> rusqlite::Result<bool> {
        let head = places::in_line(job, self.job(job)?.head());
        self.prepare(
            "SELECT EXISTS (SELECT 1 FROM request WHERE seq >= ?1 AND seq < ?2)
             OR EXISTS (SELECT 1 FROM aside WHERE job = ?3 AND state = 0)",
        )?
        .query_row(params![head, places::end_of_line(job), job], |row| row.get(0))
    }

    /// When the next delayed request is due.
    pub(super) fn next_due(&mut self, job: i64) -> rusqlite::Result<Option<i64>> {
        self.prepare("SELECT min(due) FROM aside WHERE job = ?1 AND state = 1")?.query_row([job], |row| row.get(0))
    }

    /// What is ready beside the line, in its order.
    fn ready_aside(&mut self, job: i64, count: usize) -> rusqlite::Result<Vec<Aside>> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.prepare(
            "SELECT seq, priority, turn FROM aside WHERE job = ?1 AND state = 0 ORDER BY priority DESC, turn LIMIT ?2",
        )?
        .query_map(params![job, count], Aside::read)?
        .collect()
    }

    /// Claims the next in the line, of those whose turn comes before `until`.
    fn take_line(&mut self, job: i64, count: usize, until: Option<i64>) -> rusqlite::Result<Vec<Claimed>> {
        let head = places::in_line(job, self.job(job)?.head());
        let end = until.map_or(places::end_of_line(job), |turn| places::in_line(job, turn));
        let limit = i64::try_from(count).unwrap_or(i64::MAX);
        let taken: Vec<Claimed> = self
            .prepare(concat!(
                "SELECT ",
                columns!(),
                " FROM request WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3"
            ))?
            .query_map(params![head, end, limit], |row| read_claimed(row, 1, 1))?
            .collect::<Result<_, _>>()?;
        let Some(last) = taken.last() else { return Ok(taken) };
        let (last, holder) = (last.grip.seq, self.holder);
        self.prepare(
            "INSERT INTO held (seq, holder, fence, attempts)
             SELECT seq, ?3, 1, 1 FROM request WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
        )?
        .execute(params![head, last, holder])?;
        let row = self.job(job)?;
        row.advance(places::turn_of(last) + 1);
        row.add_waiting(-(taken.len() as i64), -taken.iter().map(|taken| taken.size).sum::<i64>());
        Ok(taken)
    }

    /// Claims one request that does not stand in the line. What has been attempted too often dies instead.
    fn hold(&mut self, job: i64, seq: i64, most_attempts: u32) -> rusqlite::Result<Option<Claimed>> {
        let holder = self.holder;
        let held = self
            .prepare(
                "INSERT INTO held (seq, holder, fence, attempts, turn, failure)
                 SELECT seq, ?2, fence + 1, attempts + 1, turn, failure FROM aside WHERE seq = ?1",
            )?
            .execute(params![seq, holder])?;
        if held == 0 {
            // An index names it, and the table has no such row: it would be found again and again.
            return Err(damaged("a request that an index names is missing"));
        }
        self.prepare("DELETE FROM aside WHERE seq = ?1")?.execute([seq])?;
        let held = self
            .prepare(concat!(
                "SELECT ",
                columns!(),
                ", fence, attempts FROM request JOIN held USING (seq) WHERE request.seq = ?1"
            ))?
            .query_row([seq], |row| read_claimed(row, row.get(12)?, within(row, 13, 0, u32::MAX)?))
            .optional()?;
        self.job(job)?.add_waiting(-1, -held.as_ref().map_or(0, |held| held.size));
        let Some(held) = held else {
            // Only in a damaged file.
            tracing::error!(target: "job_orch", seq, "a request is missing that should wait");
            self.prepare("DELETE FROM held WHERE seq = ?1")?.execute([seq])?;
            return Ok(None);
        };
        if held.attempt <= held.retry().map_or(most_attempts, |retry| retry.max.saturating_add(1)) {
            return Ok(Some(held));
        }
        let reason = Failure::new(FailureKind::Interrupted, "its process died while it ran", held.attempt - 1);
        self.publish_failure(job, held.id, held.version, &reason)?;
        // It is held: this transaction has just claimed it.
        let _ = self.settle(held.grip, &Next::Dead(reason))?;
        Ok(None)
    }

    /// What is due goes to the end of the line, so to say.
    fn line_up_due(&mut self, job: i64) -> rusqlite::Result<()> {
        let now = self.now;
        let due: Vec<i64> = self
            .prepare("SELECT seq FROM aside WHERE job = ?1 AND state = 1 AND due <= ?2 ORDER BY due, turn LIMIT ?3")?
            .query_map(params![job, now, MOST_DUE], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for seq in due {
            let turn = self.job(job)?.next_turn();
            let lined_up = self
                .prepare("UPDATE aside SET state = 0, turn = ?2 WHERE seq = ?1 AND state = 1")?
                .execute(params![seq, turn])?;
            if lined_up == 0 {
                return Err(damaged("a delayed request that an index names is missing"));
            }
        }
        Ok(())
    }
}

/// The file is damaged in a way that `SQLite` does not notice.
fn damaged(how: &str) -> rusqlite::Error {
    tracing::error!(target: "job_orch", how, "the store is damaged");
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(how.to_owned()))
}
