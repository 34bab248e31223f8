//! What a dispatcher asks of a job's requests, beyond the contracts: they are a line of its own.

use rusqlite::{Connection, params};

use super::SqliteChannels;
use super::requests::id;
use super::transaction::Transaction;
use crate::channel::BoxError;
use crate::id::JobId;
use crate::job::Run;

impl<J: Run> SqliteChannels<J> {
    /// The ids of the requests that could be received now, in order.
    pub(crate) async fn line(&self) -> Result<Vec<JobId>, BoxError> {
        let job = self.channel.local.job;
        Ok(self.channel.store.reader.ask(move |store| line(store, job)).await?)
    }

    /// Takes back what other processes hold of this job, for one who knows that they are dead. Their attempts do not count:
    /// they ran nothing.
    pub(crate) async fn take_back(&self) -> Result<(), BoxError> {
        let job = self.channel.local.job;
        Ok(self.channel.store.writer.ask(move |transaction| transaction.take_back(job)).await?)
    }
}

impl Transaction<'_> {
    fn take_back(&mut self, job: i64) -> rusqlite::Result<()> {
        let taken = self
            .prepare(
                "UPDATE request SET state = 0, holder = NULL, attempts = attempts - 1
                 WHERE job = ?1 AND state = 2 AND holder <> ?2",
            )?
            .execute(params![job, self.holder])?;
        self.job(job)?.add_waiting(taken as i64);
        Ok(())
    }
}

fn line(connection: &Connection, job: i64) -> rusqlite::Result<Vec<JobId>> {
    connection
        .prepare_cached("SELECT id FROM request WHERE job = ?1 AND state = 0 ORDER BY priority DESC, turn")?
        .query_map([job], |row| id(row, 0))?
        .collect()
}
