//! One transaction of the writer: many operations, with the counters of the jobs they touch.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::batch::Pending;
use super::clock::Clock;
use super::local::Local;
use super::requests::Grip;
use crate::sync::Arc;

/// What every operation of one group works on.
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
    /// What was settled for whoever is about to end it.
    pub(super) ended: HashSet<Grip>,
    /// Whether a request has ended whose caller may wait in this process without being answered by a worker.
    pub(super) has_news: bool,
    /// Whether something that runs is asked to stop.
    pub(super) has_stops: bool,
    /// Whether something is at an end that others may wait for: a process was found dead, or an answer is not computed any
    /// more.
    pub(super) has_freed: bool,
    /// Rows that go in together.
    pub(super) pending: Pending,
    // To look a statement up in the connection's cache costs a tenth of what it does.
    statements: Vec<(&'static str, CachedStatement<'a>)>,
}

/// What a process says of itself.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// What it is called, for people.
    pub(super) name: String,
    pub(super) boot: String,
    /// By which others see that it has died, if they can.
    pub(super) sign: Option<String>,
}

/// How the store says that a job is paused: in a way that no single flipped bit does.
const PAUSED: i64 = 0x5A5A_5A5A;

/// The counters of one job. Damaged, they may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JobRow {
    waiting: i64,
    bytes: i64,
    turn: i64,
    head: i64,
    position: i64,
    is_paused: bool,
}

/// A job whose counters a transaction has looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touched {
    pub(super) job: i64,
    /// As they were: what other processes have made of them since this one looked last is in them.
    pub(super) before: JobRow,
    /// As they are now.
    pub(super) row: JobRow,
}

impl JobRow {
    pub(super) const fn waiting(&self) -> i64 {
        self.waiting
    }

    /// The bytes of the requests that wait.
    pub(super) const fn bytes(&self) -> i64 {
        self.bytes
    }

    /// So many requests wait, or wait no more, which have so many bytes together.
    pub(super) const fn add_waiting(&mut self, more: i64, bytes: i64) {
        self.waiting = self.waiting.saturating_add(more);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// The next place in the line.
    pub(super) const fn next_turn(&mut self) -> i64 {
        let turn = self.turn;
        self.turn = turn.saturating_add(1);
        turn
    }

    /// The turn of the first in the line.
    pub(super) const fn head(&self) -> i64 {
        self.head
    }

    /// Those in the line before this turn have been handed out.
    pub(super) const fn advance(&mut self, head: i64) {
        self.head = head;
    }

    /// The next place in the broadcast, for so many responses.
    pub(super) const fn next_position(&mut self, count: i64) -> i64 {
        let position = self.position;
        self.position = position.saturating_add(count);
        position
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
            ended: HashSet::new(),
            has_news: false,
            has_stops: false,
            has_freed: false,
            pending: Pending::default(),
            statements: Vec::new(),
        }
    }

    /// A statement, which stays at hand until the end. It finds everything in its place.
    pub(super) fn prepare(&mut self, sql: &'static str) -> rusqlite::Result<&mut CachedStatement<'a>> {
        self.put_pending()?;
        self.prepare_at_once(sql)
    }

    /// A statement that has nothing to do with what is pending.
    pub(super) fn prepare_at_once(&mut self, sql: &'static str) -> rusqlite::Result<&mut CachedStatement<'a>> {
        let at = match self.statements.iter().position(|(known, _)| std::ptr::eq(*known, sql)) {
            Some(at) => at,
            None => {
                self.statements.push((sql, self.connection.prepare_cached(sql)?));
                self.statements.len() - 1
            }
        };
        Ok(&mut self.statements[at].1)
    }

    /// The connection, for what finds everything in its place.
    pub(super) fn connection(&mut self) -> rusqlite::Result<&'a Connection> {
        self.put_pending()?;
        Ok(self.connection)
    }

    /// The counters of a job.
    pub(super) fn job(&mut self, number: i64) -> rusqlite::Result<&mut JobRow> {
        let rows = match self.jobs.get(&number) {
            Some(rows) => *rows,
            None => {
                let row = self
                    .prepare_at_once(
                        "SELECT waiting, turn, head, position, is_paused, bytes FROM job WHERE number = ?1",
                    )?
                    .query_row([number], |row| {
                        Ok(JobRow {
                            waiting: row.get(0)?,
                            bytes: row.get(5)?,
                            turn: row.get(1)?,
                            head: row.get(2)?,
                            position: row.get(3)?,
                            is_paused: read_pause(row.get(4)?)?,
                        })
                    })?;
                (row, row)
            }
        };
        Ok(&mut self.jobs.entry(number).or_insert(rows).1)
    }

    /// The jobs whose counters were looked at: something may have become of them.
    pub(super) fn touched(&self) -> Vec<Touched> {
        self.jobs.iter().map(|(job, (before, row))| Touched { job: *job, before: *before, row: *row }).collect()
    }

    /// Writes the counters that have changed.
    pub(super) fn save(&mut self) -> rusqlite::Result<()> {
        self.put_pending()?;
        let changed: Vec<_> = self.touched_and_changed().collect();
        for (number, JobRow { waiting, bytes, turn, head, position, is_paused }) in changed {
            self.prepare(
                "UPDATE job SET waiting = ?2, turn = ?3, head = ?4, position = ?5, is_paused = ?6, bytes = ?7
                 WHERE number = ?1",
            )?
            .execute(params![
                number,
                waiting,
                turn,
                head,
                position,
                if is_paused { PAUSED } else { 0 },
                bytes
            ])?;
        }
        Ok(())
    }

    fn touched_and_changed(&self) -> impl Iterator<Item = (i64, JobRow)> {
        self.jobs.iter().filter(|(_, (before, row))| before != row).map(|(number, (_, row))| (*number, *row))
    }

    // ===== jobs and holders =====

    /// The number of the job with this name, which is written down if it is new.
    pub(super) fn register(&mut self, name: &str) -> rusqlite::Result<i64> {
        self.prepare("INSERT INTO job (name) VALUES (?1) ON CONFLICT (name) DO NOTHING")?.execute([name])?;
        self.prepare("SELECT number FROM job WHERE name = ?1")?.query_row([name], |row| row.get(0))
    }

    /// Says that this process lives, for so much longer. Returns its number: another one, if it was taken for dead.
    pub(super) fn beat(&mut self, process: &Process, until: i64) -> rusqlite::Result<i64> {
        let holder = self.holder;
        let beaten = self.prepare("UPDATE holder SET until = ?2 WHERE number = ?1")?.execute(params![holder, until])?;
        if beaten == 1 {
            return Ok(holder);
        }
        let Process { name, boot, sign } = process;
        self.prepare("INSERT INTO holder (process, boot, until, sign) VALUES (?1, ?2, ?3, ?4) RETURNING number")?
            .query_row(params![name, boot, until, sign], |row| row.get(0))
    }

    /// Until when this process is known to live, if it is listed.
    pub(super) fn until(&mut self) -> rusqlite::Result<Option<i64>> {
        let holder = self.holder;
        self.prepare("SELECT until FROM holder WHERE number = ?1")?.query_row([holder], |row| row.get(0)).optional()
    }

    /// Gives back what processes with this sign held: they have died. Returns how many requests that were.
    pub(super) fn bury_process(&mut self, sign: &str) -> rusqlite::Result<usize> {
        let dead: Vec<i64> = self
            .prepare("SELECT number FROM holder WHERE sign = ?1")?
            .query_map([sign], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.reclaim_all(&dead)
    }

    fn reclaim_all(&mut self, dead: &[i64]) -> rusqlite::Result<usize> {
        let mut reclaimed = 0;
        self.has_freed |= !dead.is_empty();
        for holder in dead {
            reclaimed += self.reclaim(*holder)?;
            self.ground(*holder)?;
            self.leave(*holder)?;
        }
        if reclaimed > 0 {
            tracing::warn!(target: "job_orch", reclaimed, "took requests back from processes that died");
        }
        Ok(reclaimed)
    }

    /// Gives back what processes held whose time was up at this moment. Returns how many requests that were.
    pub(super) fn sweep(&mut self, boot: &str, uptime: i64) -> rusqlite::Result<usize> {
        let dead: Vec<i64> = self
            .prepare(
                "SELECT number FROM holder WHERE until < ?2 OR boot <> ?1
                 UNION SELECT holder FROM held WHERE holder NOT IN (SELECT number FROM holder)",
            )?
            .query_map(params![boot, uptime], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.reclaim_all(&dead)
    }

    /// Whether this process is written down as one that lives. Else what it claimed would never be taken back.
    pub(super) fn is_listed(&mut self) -> rusqlite::Result<bool> {
        let holder = self.holder;
        self.prepare("SELECT EXISTS (SELECT 1 FROM holder WHERE number = ?1)")?.query_row([holder], |row| row.get(0))
    }

    /// Gives pages of the file that are empty back to the file system, some of them, if there are many. Says whether there
    /// may be more.
    pub(super) fn shrink(&self) -> rusqlite::Result<bool> {
        let pragma = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        if pragma("freelist_count")? * 4 <= pragma("page_count")? {
            return Ok(false);
        }
        let mut vacuum = self.connection.prepare_cached("PRAGMA incremental_vacuum(1000)")?;
        // A page with each step.
        let freed = vacuum.query_map([], |_| Ok(()))?.collect::<Result<Vec<()>, _>>()?;
        Ok(freed.len() >= 1000)
    }

    /// This process will hold nothing more. If it does, because it could not give that back, it stays listed until its time is
    /// up: what an unlisted process holds would never be taken back.
    pub(super) fn leave(&mut self, holder: i64) -> rusqlite::Result<()> {
        self.prepare(
            "DELETE FROM holder WHERE number = ?1
             AND (SELECT running FROM processes WHERE processes.number = holder.number) = 0",
        )?
        .execute([holder])
        .map(drop)
    }

    /// Whether the file has another's commits in it since this connection looked last.
    pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
        connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
    }
}

/// Whether a job is paused.
pub(super) fn read_pause(stored: i64) -> rusqlite::Result<bool> {
    match stored {
        0 => Ok(false),
        PAUSED => Ok(true),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(4, other)),
    }
}
