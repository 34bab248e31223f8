//! The table of schedules: up to where each was done.

use rusqlite::{OptionalExtension, params};

use super::SqliteChannels;
use super::checksum;
use super::error::StoreError;
use super::requests::NewRequest;
use super::transaction::Transaction;
use crate::channel::{Acceptance, BoxError};
use crate::cron::{Fired, Firing};
use crate::job::Run;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;

/// Which times a job runs at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) job: &'static str,
    pub(super) expression: &'static str,
    pub(super) zone: &'static str,
}

/// What stands in the row of a job.
struct Row {
    // None if other times stand there.
    last: Option<i64>,
    is_whole: bool,
}

impl<J: Run> SqliteChannels<J> {
    /// Begins a schedule, or finds it.
    pub(super) async fn begin_schedule(&self, times: Times, now: i64) -> Result<i64, StoreError> {
        self.channel.store.writer.ask(move |transaction| transaction.begin_schedule(times, now)).await
    }

    /// Fires a tick: the schedule moves on and the request is accepted, or neither.
    pub(super) async fn fire_tick(&self, firing: Firing<J>) -> Result<Fired, BoxError> {
        let (expression, zone) = firing.schedule;
        let times = Times { job: J::NAME, expression, zone };
        let options = firing.options();
        let request = firing.request.as_ref().map(|envelope| self.channel.write(envelope, &options)).transpose()?;
        let (last, at, local) = (firing.last, firing.at, Arc::clone(&self.channel.local));
        let fire = move |transaction: &mut Transaction<'_>| {
            if local.is_closed() {
                return Ok(Fired::Closed);
            }
            match transaction.schedule_of(times)? {
                Row { is_whole: true, last: None } => return Ok(Fired::Replaced),
                Row { is_whole: true, last: Some(done) } if done != last => return Ok(Fired::Elsewhere(done)),
                // Only without a request does a schedule go back, where the clock was wrong.
                Row { is_whole: true, last: Some(done) } if request.is_some() && at <= done => {
                    return Ok(Fired::Elsewhere(done));
                }
                // Of a damaged row, what this process knows takes the place.
                _ => {}
            }
            let fired = match &request {
                None => Fired::Done,
                Some(request) if !transaction.make_room(&local, request)? => return Ok(Fired::Full),
                Some(request) => transaction.put_tick(local.job, request)?,
            };
            transaction.write_schedule(times, at)?;
            Ok(fired)
        };
        let fired = self.channel.store.writer.ask(fire).await?;
        if fired == Fired::Done && firing.request.is_some() {
            self.channel.local.accepted.fetch_add(1, Ordering::Relaxed);
        }
        Ok(fired)
    }
}

impl Transaction<'_> {
    fn begin_schedule(&mut self, times: Times, now: i64) -> rusqlite::Result<i64> {
        if let Row { is_whole: true, last: Some(last) } = self.schedule_of(times)? {
            return Ok(last);
        }
        self.write_schedule(times, now)?;
        Ok(now)
    }

    fn schedule_of(&mut self, times: Times) -> rusqlite::Result<Row> {
        let found = self
            .prepare("SELECT expression, zone, last, checksum FROM schedule WHERE job = ?1")?
            .query_row([times.job], |row| {
                let (expression, zone, last): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let is_whole = row.get::<_, u32>(3)? == checksum::of_schedule(times.job, &expression, &zone, last);
                let is_ours = expression == times.expression && zone == times.zone;
                Ok(Row { last: is_ours.then_some(last), is_whole })
            })
            .optional()?;
        let row = found.unwrap_or(Row { last: None, is_whole: false });
        Ok(row)
    }

    fn write_schedule(&mut self, times: Times, last: i64) -> rusqlite::Result<()> {
        let Times { job, expression, zone } = times;
        let checksum = checksum::of_schedule(job, expression, zone, last);
        self.prepare(
            "INSERT OR REPLACE INTO schedule (job, expression, zone, last, checksum) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![job, expression, zone, last, checksum])
        .map(drop)
    }

    fn put_tick(&mut self, job: i64, request: &NewRequest) -> rusqlite::Result<Fired> {
        Ok(match self.insert(job, request)? {
            Acceptance::New => Fired::Done,
            Acceptance::Duplicate(_) => Fired::Overlapped,
        })
    }
}
