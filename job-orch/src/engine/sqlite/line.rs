//! What a dispatcher asks of a job's requests, beyond the contracts: they are a line of its own.

use rusqlite::{Connection, params};

use super::SqliteChannels;
use super::cells::id;
use super::places;
use super::transaction::Transaction;
use crate::channel::BoxError;
use crate::id::JobId;
use crate::job::Run;

impl<J: Run> SqliteChannels<J> {
    /// The ids of the requests that could be received now, in order, and the bytes of each.
    pub(crate) async fn line(&self) -> Result<Vec<(JobId, usize)>, BoxError> {
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
        let (first, end) = (places::in_line(job, 0), places::in_line(job + 1, 0));
        let (holder, now) = (self.holder, self.now);
        let taken = self
            .prepare(
                "INSERT INTO aside (seq, job, state, turn, due, priority, attempts, fence, failure)
                 SELECT seq, ?3, 0, coalesce(held.turn, seq & ?6), ?5, priority, attempts - 1, fence, held.failure
                 FROM held JOIN request USING (seq) WHERE seq >= ?1 AND seq < ?2 AND holder <> ?4",
            )?
            .execute(params![first, end, job, holder, now, places::TURN])?;
        let bytes: i64 = self
            .prepare(
                "SELECT coalesce(sum(length(payload)), 0) FROM held JOIN request USING (seq)
                 WHERE seq >= ?1 AND seq < ?2 AND holder <> ?3",
            )?
            .query_row(params![first, end, holder], |row| row.get(0))?;
        self.prepare("DELETE FROM held WHERE seq >= ?1 AND seq < ?2 AND holder <> ?3")?
            .execute(params![first, end, holder])?;
        self.job(job)?.add_waiting(taken as i64, bytes);
        Ok(())
    }
}

/// Those that returned first: what is of the priority of the line comes by its turn.
fn line(connection: &Connection, job: i64) -> rusqlite::Result<Vec<(JobId, usize)>> {
    connection
        .prepare_cached(
            "SELECT id, size FROM (
                 SELECT id, length(payload) AS size, request.priority AS priority, turn FROM aside JOIN request USING (seq)
                 WHERE aside.job = ?1 AND state = 0
                 UNION ALL
                 SELECT id, length(payload), priority, seq & ?4 FROM request JOIN job ON job.number = ?1
                 WHERE seq >= ?2 + head AND seq < ?3
             ) ORDER BY priority DESC, turn",
        )?
        .query_map(params![job, places::in_line(job, 0), places::end_of_line(job), places::TURN], |row| {
            let size: i64 = row.get(1)?;
            Ok((id(row, 0)?, usize::try_from(size).unwrap_or_default()))
        })?
        .collect()
}
