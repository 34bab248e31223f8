//! The table of schedules: up to where each was done.

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, params};

use super::SqliteChannels;
use super::checksum;
use super::error::StoreError;
use super::settling::DEAD;
use super::transaction::Transaction;
use super::writer::Promise;
use crate::channel::{BoxError, SendOptions};
use crate::cron::{Fired, Firing, Overlap, Plan};
use crate::id::JobId;
use crate::job::Run;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;

/// What is to stand in the row of a job.
#[derive(Clone, Copy, Debug)]
struct Times {
    job: &'static str,
    plan: Plan,
    last: i64,
    next: Option<i64>,
    firing: Option<JobId>,
}

/// What stands there.
#[derive(Default)]
struct Row {
    // None if other times stand there.
    last: Option<i64>,
    next: Option<i64>,
    // Also of a damaged row: it is asked after by its id, and a wrong one is nobody's.
    firing: Option<JobId>,
    is_whole: bool,
    // And so does what becomes of them.
    is_same: bool,
}

impl<J: Run> SqliteChannels<J> {
    /// Begins a schedule, or finds it.
    pub(super) async fn begin_schedule(&self, plan: Plan, now: i64, next: Option<i64>) -> Result<i64, StoreError> {
        let new = Times { job: J::NAME, plan, last: now, next, firing: None };
        self.channel.store.writer.ask(move |transaction| transaction.begin_schedule(new)).await
    }

    /// Fires a tick: the schedule moves on and the request is accepted, or neither.
    pub(super) async fn fire_tick(&self, firing: Firing<J>) -> Result<Fired, BoxError> {
        let Firing { plan, last, at, next, request } = firing;
        let has_request = request.is_some();
        // No key: the queues of a job have one schedule together, and each has keys of its own.
        let options = SendOptions::default();
        let request = request.map(|envelope| self.channel.write(&envelope, &options)).transpose()?;
        let fresh = Times { job: J::NAME, plan, last: at, next, firing: None };
        let local = Arc::clone(&self.channel.local);
        let fire = move |transaction: &mut Transaction<'_>| {
            if local.is_closed() {
                return Ok(Fired::Closed);
            }
            let row = transaction.schedule_of(fresh)?;
            let before = row.firing;
            match row {
                Row { is_whole: true, last: None, .. } => return Ok(Fired::Replaced),
                Row { is_whole: true, last: Some(done), .. } if done != last => return Ok(Fired::Elsewhere(done)),
                // Only without a request does a schedule go back, where the clock was wrong.
                Row { is_whole: true, last: Some(done), .. } if request.is_some() && at <= done => {
                    return Ok(Fired::Elsewhere(done));
                }
                // Of a damaged row, what this process knows takes the place.
                _ => {}
            }
            let (fired, firing) = match &request {
                None => (Fired::Done, before),
                // Asked before there is room made: what is passed over is to cost nobody his place.
                Some(_) if plan.overlap == Overlap::Skip && transaction.goes_on(before)? => (Fired::Overlapped, before),
                Some(request) if !transaction.make_room(&local, request)? => return Ok(Fired::Full),
                Some(request) => {
                    transaction.insert(local.job, request)?;
                    (Fired::Done, Some(request.id))
                }
            };
            transaction.write_schedule(Times { firing, ..fresh })?;
            Ok(fired)
        };
        let local = Arc::clone(&self.channel.local);
        let count = move |fired: &Fired| {
            local.accepted.fetch_add(u64::from(*fired == Fired::Done && has_request), Ordering::Relaxed);
        };
        Ok(self.channel.store.writer.ask_and_note(fire, Promise::Lasting, count).await?)
    }
}

impl Times {
    fn words(&self) -> [&'static str; 4] {
        let Plan { expression, zone, missed, overlap } = self.plan;
        [expression, zone, missed.name(), overlap.name()]
    }
}

impl Row {
    /// Reads whatever stands there: of a damaged row nothing can be relied on, not even that its texts are some.
    fn read(row: &rusqlite::Row<'_>, times: Times) -> Self {
        let value = |column| row.get_ref(column).unwrap_or(ValueRef::Null);
        let number = |column| value(column).as_i64().ok();
        let words = [0, 1, 2, 3].map(|column| value(column).as_bytes().unwrap_or_default());
        let ours = times.words().map(str::as_bytes);
        let (last, next) = (number(4), number(5));
        let firing = value(6).as_blob().ok().and_then(|bytes| bytes.try_into().ok()).map(JobId::from_bytes);
        let checksum = last.map(|last| checksum::of_schedule(times.job, words, last, next, firing));
        let is_whole = checksum.is_some() && number(7) == checksum.map(i64::from);
        Self { last: last.filter(|_| words[..2] == ours[..2]), next, firing, is_whole, is_same: words == ours }
    }
}

impl Transaction<'_> {
    fn begin_schedule(&mut self, new: Times) -> rusqlite::Result<i64> {
        let Row { last, next, firing, is_whole, is_same } = self.schedule_of(new)?;
        let Some(last) = last.filter(|_| is_whole) else {
            self.write_schedule(Times { firing, ..new })?;
            return Ok(new.last);
        };
        if !is_same {
            // What becomes of its ticks is said otherwise now.
            self.write_schedule(Times { last, next, firing, ..new })?;
        }
        Ok(last)
    }

    /// Whether the last firing still waits, runs, or waits for its retry, in whichever queue of the job.
    fn goes_on(&mut self, firing: Option<JobId>) -> rusqlite::Result<bool> {
        let Some(firing) = firing else { return Ok(false) };
        self.prepare(
            "SELECT EXISTS (SELECT 1 FROM request LEFT JOIN aside USING (seq) WHERE id = ?1 AND coalesce(state, 0) <> ?2)",
        )?
        .query_row(params![firing.to_bytes(), DEAD], |row| row.get(0))
    }

    fn schedule_of(&mut self, times: Times) -> rusqlite::Result<Row> {
        let found = self
            .prepare(
                "SELECT expression, zone, missed, overlap, last, next, firing, checksum FROM schedule WHERE job = ?1",
            )?
            .query_row([times.job], |row| Ok(Row::read(row, times)))
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    fn write_schedule(&mut self, times: Times) -> rusqlite::Result<()> {
        let Times { job, last, next, firing, .. } = times;
        let words = times.words();
        let checksum = checksum::of_schedule(job, words.map(str::as_bytes), last, next, firing);
        let [expression, zone, missed, overlap] = words;
        let firing = firing.map(JobId::to_bytes);
        self.prepare(
            "INSERT OR REPLACE INTO schedule (job, expression, zone, missed, overlap, last, next, firing, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![job, expression, zone, missed, overlap, last, next, firing, checksum])
        .map(drop)
    }
}
