//! One transaction of the writer: many operations, with the counters of the jobs they touch.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::clock::Clock;

/// What every operation of one group works on.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    connection: &'a Connection,
    pub(super) clock: Clock,
    pub(super) now: i64,
    /// Who claims.
    pub(super) holder: i64,
    // Read when first needed, written once at the end.
    jobs: BTreeMap<i64, JobRow>,
}

/// The counters of one job.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobRow {
    waiting: i64,
    turn: i64,
    position: i64,
}

impl JobRow {
    pub(super) const fn waiting(&self) -> i64 {
        self.waiting
    }

    pub(super) const fn add_waiting(&mut self, more: i64) {
        self.waiting += more;
    }

    /// The next place in the line.
    pub(super) const fn next_turn(&mut self) -> i64 {
        self.turn += 1;
        self.turn - 1
    }

    /// The next place in the broadcast, for so many responses.
    pub(super) const fn next_position(&mut self, count: i64) -> i64 {
        self.position += count;
        self.position - count
    }

    pub(super) const fn position(&self) -> i64 {
        self.position
    }
}

impl<'a> Transaction<'a> {
    pub(super) fn new(connection: &'a Connection, clock: Clock, holder: i64) -> Self {
        Self { connection, clock, now: clock.now(), holder, jobs: BTreeMap::new() }
    }

    pub(super) fn prepare(&self, sql: &str) -> rusqlite::Result<CachedStatement<'a>> {
        self.connection.prepare_cached(sql)
    }

    /// The counters of a job.
    pub(super) fn job(&mut self, number: i64) -> rusqlite::Result<&mut JobRow> {
        let row = match self.jobs.get(&number) {
            Some(row) => *row,
            None => self
                .prepare("SELECT waiting, turn, position FROM job WHERE number = ?1")?
                .query_row([number], |row| {
                    Ok(JobRow { waiting: row.get(0)?, turn: row.get(1)?, position: row.get(2)? })
                })?,
        };
        Ok(self.jobs.entry(number).or_insert(row))
    }

    /// The jobs whose counters were looked at: something may have become of them.
    pub(super) fn touched(&self) -> Vec<(i64, JobRow)> {
        self.jobs.iter().map(|(number, row)| (*number, *row)).collect()
    }

    /// Writes the counters.
    pub(super) fn save(&self) -> rusqlite::Result<()> {
        for (number, JobRow { waiting, turn, position }) in &self.jobs {
            self.prepare("UPDATE job SET waiting = ?2, turn = ?3, position = ?4 WHERE number = ?1")?
                .execute(params![number, waiting, turn, position])?;
        }
        Ok(())
    }

    // ===== jobs and holders =====

    /// The number of the job with this name, which is written down if it is new.
    pub(super) fn register(&self, name: &str) -> rusqlite::Result<i64> {
        self.prepare("INSERT INTO job (name) VALUES (?1) ON CONFLICT (name) DO NOTHING")?.execute([name])?;
        self.prepare("SELECT number FROM job WHERE name = ?1")?.query_row([name], |row| row.get(0))
    }

    /// Says that this process lives, for so much longer. Returns its number: another one, if it was taken for dead.
    pub(super) fn beat(&self, process: &str, boot: &str, until: i64) -> rusqlite::Result<i64> {
        let beaten =
            self.prepare("UPDATE holder SET until = ?2 WHERE number = ?1")?.execute(params![self.holder, until])?;
        if beaten == 1 {
            return Ok(self.holder);
        }
        self.prepare("INSERT INTO holder (process, boot, until) VALUES (?1, ?2, ?3) RETURNING number")?
            .query_row(params![process, boot, until], |row| row.get(0))
    }

    /// Gives back what dead processes held. Returns how many requests that were.
    pub(super) fn sweep(&mut self, boot: &str, uptime: i64) -> rusqlite::Result<usize> {
        let dead: Vec<i64> = self
            .prepare("SELECT number FROM holder WHERE until < ?2 OR boot <> ?1")?
            .query_map(params![boot, uptime], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut reclaimed = 0;
        for holder in dead {
            reclaimed += self.reclaim(holder)?;
            self.leave(holder)?;
        }
        Ok(reclaimed)
    }

    /// This process will hold nothing more.
    pub(super) fn leave(&self, holder: i64) -> rusqlite::Result<()> {
        self.prepare("DELETE FROM holder WHERE number = ?1")?.execute([holder]).map(drop)
    }

    /// Whether the file has another's commits in it since this connection looked last.
    pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
        connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
    }

    /// Whether any row of a table of requests has this id, in whichever state.
    pub(super) fn knows(&self, id: crate::id::JobId) -> rusqlite::Result<bool> {
        let found =
            self.prepare("SELECT 1 FROM request WHERE id = ?1")?.query_row([id.as_bytes()], |_| Ok(())).optional()?;
        Ok(found.is_some())
    }
}
