//! What an [`Inspector`] changes. Each call is one transaction.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Inspector, State};
use crate::engine::sqlite::clock::millis;
use crate::engine::sqlite::error::StoreError;
use crate::engine::sqlite::transaction::Transaction;
use crate::id::JobId;

impl Inspector {
    /// Sends a dead letter again, with all its attempts before it. Says whether there was one of this id.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn redrive(&mut self, id: JobId) -> Result<bool, StoreError> {
        self.on(id, |transaction, job| transaction.redrive(job, id))
    }

    /// Drops a dead letter for good. Says whether there was one of this id.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn drop_dead_letter(&mut self, id: JobId) -> Result<bool, StoreError> {
        self.on(id, |transaction, job| transaction.drop_dead(job, id))
    }

    /// Takes out a request that waits, and tells whoever waits for its answer. Says whether there was one of this id. One that
    /// runs can be cancelled by the process that runs it alone.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn cancel(&mut self, id: JobId) -> Result<bool, StoreError> {
        self.on(id, |transaction, job| Ok(transaction.cancel(job, id)?.is_some()))
    }

    /// Has a request that waits for its time run now. Says whether there was one of this id.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn hasten(&mut self, id: JobId) -> Result<bool, StoreError> {
        self.write(|transaction| transaction.hasten(id))
    }

    /// Hands out nothing more of this job, or does so again. Says whether the store knows it.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn pause(&mut self, job: &str, is_paused: bool) -> Result<bool, StoreError> {
        let Some(number) = self.number(job)? else { return Ok(false) };
        self.write(|transaction| {
            transaction.job(number)?.pause(is_paused);
            Ok(true)
        })
    }

    /// The dead letters of a job, the earliest first.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn dead_letters(&self, job: &str) -> Result<Vec<JobId>, StoreError> {
        Ok(self.ids(job, &[State::Dead])?)
    }

    /// The requests of a job that wait, the earliest first.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn waiting(&self, job: &str) -> Result<Vec<JobId>, StoreError> {
        Ok(self.ids(job, &[State::Ready, State::Delayed])?)
    }

    /// Removes responses of a job that ended longer ago than this, a thousand at most. Says whether there may be more.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn remove_responses(&mut self, job: &str, older: Duration) -> Result<bool, StoreError> {
        let Some(number) = self.number(job)? else { return Ok(false) };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // What has ended in this millisecond has ended.
        let cutoff = millis(now.saturating_sub(older)).saturating_add(1);
        self.write(|transaction| transaction.remove_old(number, cutoff))
    }

    /// Does something with a request of whichever job. Says whether it did.
    fn on(
        &mut self,
        id: JobId,
        mut work: impl FnMut(&mut Transaction<'_>, i64) -> rusqlite::Result<bool>,
    ) -> Result<bool, StoreError> {
        let Some(job) = self.number_of(id)? else { return Ok(false) };
        self.write(|transaction| work(transaction, job))
    }
}

impl Transaction<'_> {
    /// Has a delayed request run now.
    fn hasten(&mut self, id: JobId) -> rusqlite::Result<bool> {
        let now = self.now;
        let hastened = self
            .prepare("UPDATE aside SET state = 0, due = ?2 WHERE state = 1 AND seq = (SELECT seq FROM request WHERE id = ?1)")?
            .execute(rusqlite::params![id.to_bytes(), now])?;
        Ok(hastened == 1)
    }
}
