//! The table of schedules: up to where each was done.

use rusqlite::{OptionalExtension, params};

use super::SqliteChannels;
use super::checksum;
use super::error::StoreError;
use super::transaction::Transaction;
use crate::channel::BoxError;
use crate::cron::{Fired, Firing, Plan};
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
}

/// What stands there.
#[derive(Default)]
struct Row {
    // None if other times stand there.
    last: Option<i64>,
    next: Option<i64>,
    is_whole: bool,
    // And so does what becomes of them.
    is_same: bool,
}

impl<J: Run> SqliteChannels<J> {
    /// Begins a schedule, or finds it.
    pub(super) async fn begin_schedule(&self, plan: Plan, now: i64, next: Option<i64>) -> Result<i64, StoreError> {
        let new = Times { job: J::NAME, plan, last: now, next };
        self.channel.store.writer.ask(move |transaction| transaction.begin_schedule(new)).await
    }

    /// Fires a tick: the schedule moves on and the request is accepted, or neither.
    pub(super) async fn fire_tick(&self, firing: Firing<J>) -> Result<Fired, BoxError> {
        let options = firing.options();
        let Firing { plan, last, at, next, request } = firing;
        let times = Times { job: J::NAME, plan, last: at, next };
        let has_request = request.is_some();
        let request = request.map(|envelope| self.channel.write(&envelope, &options)).transpose()?;
        let local = Arc::clone(&self.channel.local);
        let fire = move |transaction: &mut Transaction<'_>| {
            if local.is_closed() {
                return Ok(Fired::Closed);
            }
            match transaction.schedule_of(times)? {
                Row { is_whole: true, last: None, .. } => return Ok(Fired::Replaced),
                Row { is_whole: true, last: Some(done), .. } if done != last => return Ok(Fired::Elsewhere(done)),
                // Only without a request does a schedule go back, where the clock was wrong.
                Row { is_whole: true, last: Some(done), .. } if request.is_some() && at <= done => {
                    return Ok(Fired::Elsewhere(done));
                }
                // Of a damaged row, what this process knows takes the place.
                _ => {}
            }
            let fired = match &request {
                None => Fired::Done,
                // Looked for before there is room made: what is passed over is to cost nobody his place.
                Some(request) if transaction.rival_of(local.job, request)?.is_some() => Fired::Overlapped,
                Some(request) if !transaction.make_room(&local, request)? => return Ok(Fired::Full),
                Some(request) => {
                    transaction.insert(local.job, request)?;
                    Fired::Done
                }
            };
            transaction.write_schedule(times)?;
            Ok(fired)
        };
        let fired = self.channel.store.writer.ask(fire).await?;
        if fired == Fired::Done && has_request {
            self.channel.local.accepted.fetch_add(1, Ordering::Relaxed);
        }
        Ok(fired)
    }
}

impl Times {
    fn words(&self) -> [&'static str; 4] {
        let Plan { expression, zone, missed, overlap } = self.plan;
        [expression, zone, missed.name(), overlap.name()]
    }
}

impl Transaction<'_> {
    fn begin_schedule(&mut self, new: Times) -> rusqlite::Result<i64> {
        let Row { last, next, is_whole, is_same } = self.schedule_of(new)?;
        let Some(last) = last.filter(|_| is_whole) else {
            self.write_schedule(new)?;
            return Ok(new.last);
        };
        if !is_same {
            // What becomes of its ticks is said otherwise now.
            self.write_schedule(Times { last, next, ..new })?;
        }
        Ok(last)
    }

    fn schedule_of(&mut self, times: Times) -> rusqlite::Result<Row> {
        let found = self
            .prepare("SELECT expression, zone, missed, overlap, last, next, checksum FROM schedule WHERE job = ?1")?
            .query_row([times.job], |row| {
                let words: [String; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
                let (words, ours) = (words.each_ref().map(String::as_str), times.words());
                let (last, next) = (row.get(4)?, row.get(5)?);
                let is_whole = row.get::<_, u32>(6)? == checksum::of_schedule(times.job, words, last, next);
                let is_ours = words[..2] == ours[..2];
                Ok(Row { last: is_ours.then_some(last), next, is_whole, is_same: words == ours })
            })
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    fn write_schedule(&mut self, times: Times) -> rusqlite::Result<()> {
        let Times { job, last, next, .. } = times;
        let words = times.words();
        let checksum = checksum::of_schedule(job, words, last, next);
        let [expression, zone, missed, overlap] = words;
        self.prepare(
            "INSERT OR REPLACE INTO schedule (job, expression, zone, missed, overlap, last, next, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![job, expression, zone, missed, overlap, last, next, checksum])
        .map(drop)
    }
}
