//! One transaction of the writer: many operations, with the counters of the jobs they touch.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::clock::Clock;
use super::local::Local;
use crate::sync::Arc;

/// What every operation of one group works on.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    connection: &'a Connection,
    pub(super) clock: Clock,
    pub(super) now: i64,
    /// Who claims.
    pub(super) holder: i64,
    // As they were read when first needed, and as they are; written once at the end.
    jobs: BTreeMap<i64, (JobRow, JobRow)>,
    /// Whose workers have recorded an end, and will be back for more at once: each once per end.
    pub(super) returning: Vec<Arc<Local>>,
    /// Whether a request has ended whose caller may wait in this process without being answered by a worker.
    pub(super) has_news: bool,
}

/// The counters of one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JobRow {
    waiting: i64,
    turn: i64,
    position: i64,
    is_paused: bool,
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

    /// Whether nothing is to be handed out.
    pub(super) const fn is_paused(&self) -> bool {
        self.is_paused
    }

    pub(super) const fn pause(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
    }
}

impl<'a> Transaction<'a> {
    pub(super) fn new(connection: &'a Connection, clock: Clock, holder: i64) -> Self {
        Self {
            connection,
            clock,
            now: clock.now(),
            holder,
            jobs: BTreeMap::new(),
            returning: Vec::new(),
            has_news: false,
        }
    }

    pub(super) fn prepare(&self, sql: &str) -> rusqlite::Result<CachedStatement<'a>> {
        self.connection.prepare_cached(sql)
    }

    pub(super) const fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// The counters of a job.
    pub(super) fn job(&mut self, number: i64) -> rusqlite::Result<&mut JobRow> {
        let rows = match self.jobs.get(&number) {
            Some(rows) => *rows,
            None => {
                let row = self
                    .prepare("SELECT waiting, turn, position, is_paused FROM job WHERE number = ?1")?
                    .query_row([number], |row| {
                        Ok(JobRow {
                            waiting: row.get(0)?,
                            turn: row.get(1)?,
                            position: row.get(2)?,
                            is_paused: row.get(3)?,
                        })
                    })?;
                (row, row)
            }
        };
        Ok(&mut self.jobs.entry(number).or_insert(rows).1)
    }

    /// The jobs whose counters were looked at: something may have become of them.
    pub(super) fn touched(&self) -> Vec<(i64, JobRow)> {
        self.jobs.iter().map(|(number, (_, row))| (*number, *row)).collect()
    }

    /// Writes the counters that have changed.
    pub(super) fn save(&self) -> rusqlite::Result<()> {
        for (number, (_, row)) in self.jobs.iter().filter(|(_, (before, row))| before != row) {
            let JobRow { waiting, turn, position, is_paused } = row;
            self.prepare("UPDATE job SET waiting = ?2, turn = ?3, position = ?4, is_paused = ?5 WHERE number = ?1")?
                .execute(params![number, waiting, turn, position, is_paused])?;
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
            self.leave(holder)?;
            reclaimed += self.reclaim(holder)?;
        }
        Ok(reclaimed)
    }

    /// Whether this process is written down as one that lives. Else what it claimed would never be taken back.
    pub(super) fn is_listed(&self) -> rusqlite::Result<bool> {
        self.prepare("SELECT EXISTS (SELECT 1 FROM holder WHERE number = ?1)")?
            .query_row([self.holder], |row| row.get(0))
    }

    /// Gives pages of the file that are empty back to the file system, some of them, if there are many.
    pub(super) fn shrink(&self) -> rusqlite::Result<()> {
        let pragma = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        if pragma("freelist_count")? * 4 > pragma("page_count")? {
            self.connection.prepare_cached("PRAGMA incremental_vacuum(1000)")?.query([])?.next()?;
        }
        Ok(())
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
            self.prepare("SELECT 1 FROM request WHERE id = ?1")?.query_row([id.to_bytes()], |_| Ok(())).optional()?;
        Ok(found.is_some())
    }
}
