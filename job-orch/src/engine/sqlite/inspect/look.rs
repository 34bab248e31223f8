//! What an [`Inspector`] reads. It asks the views that people read, so it does not care how the tables are laid out.

use rusqlite::{OptionalExtension as _, Row, params};

use super::{Ended, Inspector, Process, Queue, Request, Schedule, State, Wanted};
use crate::engine::sqlite::cells::{count, flag, id, moment, moment_if_any, number, text, text_if_any, within};
use crate::engine::sqlite::error::StoreError;
use crate::engine::sqlite::places;
use crate::engine::sqlite::rows::read_failure;
use crate::id::JobId;

/// The columns that [`request`] reads.
const REQUEST: &str =
    "SELECT job, uuid, state, priority, attempts, unixepoch(sent), unixepoch(due), unique_key, request,
    failure FROM jobs";

/// The columns that [`ended`] reads.
const ENDED: &str = "SELECT job, uuid, position, outcome = 'failed', unixepoch(ended), response FROM results";

/// The same, of the responses of a job that stand in a row: what is read again and again must not read all of them.
const RESPONSES: &str = "SELECT ?4, id, place & ((1 << 40) - 1), is_failure, ended / 1000, CAST(payload AS TEXT)
    FROM response WHERE place >= ?1 AND place < ?2 AND missed = 0 ORDER BY place LIMIT ?3";

impl Inspector {
    /// The jobs of the store, by name.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn queues(&self) -> Result<Vec<Queue>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT job.name, is_paused,
                    coalesce(sum(state = 'ready'), 0), coalesce(sum(state = 'delayed'), 0),
                    coalesce(sum(state = 'running'), 0), coalesce(sum(state = 'dead'), 0),
                    (SELECT count(*) FROM response
                     WHERE place >= job.number << 40 AND place < (job.number + 1) << 40 AND missed = 0),
                    unixepoch(min(CASE state WHEN 'ready' THEN due END)), job.bytes
             FROM job LEFT JOIN jobs ON jobs.job = job.name GROUP BY job.number ORDER BY job.name",
        )?;
        let queues = statement.query_map([], |row| {
            Ok(Queue {
                job: text(row, 0)?,
                is_paused: flag(row, 1)?,
                ready: count(row, 2)?,
                delayed: count(row, 3)?,
                running: count(row, 4)?,
                dead: count(row, 5)?,
                results: count(row, 6)?,
                oldest_ready: moment_if_any(row, 7)?,
                waiting_bytes: count(row, 8)?,
            })
        })?;
        Ok(queues.collect::<Result<_, _>>()?)
    }

    /// Whether the store has a job of this name.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn has_queue(&self, job: &str) -> Result<bool, StoreError> {
        Ok(self.number(job)?.is_some())
    }

    /// Requests, the latest first.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn requests(&self, wanted: &Wanted) -> Result<Vec<Request>, StoreError> {
        let sql = format!(
            "{REQUEST} WHERE (?1 IS NULL OR job = ?1) AND (?2 IS NULL OR state = ?2) ORDER BY uuid DESC LIMIT ?3"
        );
        let most = wanted.most.map_or(-1, i64::from);
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map(params![wanted.job, wanted.state.map(State::name), most], request)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The request with this id, if it has not ended well.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn request(&self, id: JobId) -> Result<Option<Request>, StoreError> {
        let sql = format!("{REQUEST} WHERE uuid = ?1");
        Ok(self.connection.query_row(&sql, [id.to_bytes()], request).optional()?)
    }

    /// The responses to the request with this id that are kept, the latest first. There are several if it was redriven.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn responses(&self, id: JobId) -> Result<Vec<Ended>, StoreError> {
        let sql = format!("{ENDED} WHERE uuid = ?1 ORDER BY position DESC");
        let mut statement = self.connection.prepare(&sql)?;
        Ok(statement.query_map([id.to_bytes()], ended)?.collect::<Result<_, _>>()?)
    }

    /// The kept responses of a job from this position on, so many of them at most.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn responses_from(&self, job: &str, position: i64, most: u32) -> Result<Vec<Ended>, StoreError> {
        let Some(number) = self.number(job)? else { return Ok(Vec::new()) };
        let (from, end) = (places::position(number, position.max(0)), places::end_of_positions(number));
        let mut statement = self.connection.prepare_cached(RESPONSES)?;
        Ok(statement.query_map(params![from, end, most, job], ended)?.collect::<Result<_, _>>()?)
    }

    /// The names of the jobs that the store knows.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn jobs(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT name FROM job ORDER BY name")?;
        Ok(statement.query_map([], |row| text(row, 0))?.collect::<Result<_, _>>()?)
    }

    /// The position of the next response of a job, if the store knows it.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn next_position(&self, job: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT position FROM job WHERE name = ?1";
        Ok(self.connection.query_row(sql, [job], |row| number(row, 0)).optional()?)
    }

    /// The jobs that run by the clock, by name.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT job, expression, zone, missed, overlap, unixepoch(last), unixepoch(next) FROM schedules ORDER BY job",
        )?;
        let schedules = statement.query_map([], |row| {
            Ok(Schedule {
                job: text(row, 0)?,
                expression: text(row, 1)?,
                zone: text(row, 2)?,
                missed: text(row, 3)?,
                overlap: text(row, 4)?,
                last: moment(row, 5)?,
                next: moment_if_any(row, 6)?,
            })
        })?;
        Ok(schedules.collect::<Result<_, _>>()?)
    }

    /// The processes that work on the store.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn processes(&self) -> Result<Vec<Process>, StoreError> {
        Ok(self.listed()?)
    }

    /// The same, with the error as `SQLite` tells it.
    pub(super) fn listed(&self) -> rusqlite::Result<Vec<Process>> {
        let mut statement = self.connection.prepare("SELECT process, running FROM processes ORDER BY number")?;
        let rows = statement.query_map([], |row| Ok(Process { name: text(row, 0)?, running: count(row, 1)? }))?;
        rows.collect()
    }

    /// A number that changes with each commit of another process.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn version(&self) -> Result<i64, StoreError> {
        Ok(crate::engine::sqlite::transaction::Transaction::version(&self.connection)?)
    }

    /// The number of a job.
    pub(super) fn number(&self, job: &str) -> rusqlite::Result<Option<i64>> {
        self.connection.query_row("SELECT number FROM job WHERE name = ?1", [job], |row| row.get(0)).optional()
    }

    /// The number of the job of a request, whatever else can be read of them.
    pub(super) fn number_of(&self, id: JobId) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT number FROM request JOIN job ON number = seq >> 40 WHERE id = ?1";
        self.connection.query_row(sql, [id.to_bytes()], |row| row.get(0)).optional()
    }

    /// The ids of requests, the earliest first.
    pub(super) fn ids(&self, job: &str, states: &[State]) -> rusqlite::Result<Vec<JobId>> {
        let mut statement = self.connection.prepare("SELECT uuid, state FROM jobs WHERE job = ?1 ORDER BY uuid")?;
        let rows = statement.query_map([job], |row| Ok((id(row, 0)?, state(row, 1)?)))?;
        let wanted = rows.filter(|row| !matches!(row, Ok((_, state)) if !states.contains(state)));
        wanted.map(|row| row.map(|(id, _)| id)).collect()
    }
}

/// How a request stands.
fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<State> {
    let name = row.get_ref(column)?.as_str()?;
    Ok(State::ALL.into_iter().find(|state| state.name() == name).unwrap_or(State::Dead))
}

fn request(row: &Row<'_>) -> rusqlite::Result<Request> {
    Ok(Request {
        job: text(row, 0)?,
        id: id(row, 1)?,
        state: state(row, 2)?,
        priority: within(row, 3, i16::MIN, i16::MAX)?,
        attempts: within(row, 4, 0, u32::MAX)?,
        sent: moment(row, 5)?,
        due: moment(row, 6)?,
        unique_key: text_if_any(row, 7)?,
        payload: text(row, 8)?,
        failure: text_if_any(row, 9)?.map(|failure| read_failure(failure.as_bytes())),
    })
}

fn ended(row: &Row<'_>) -> rusqlite::Result<Ended> {
    Ok(Ended {
        job: text(row, 0)?,
        id: id(row, 1)?,
        position: number(row, 2)?,
        is_failure: flag(row, 3)?,
        ended: moment(row, 4)?,
        payload: text(row, 5)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;
    use crate::engine::sqlite::Sqlite;

    #[test]
    fn responses_are_found_by_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.db");
        let store = Sqlite::open(&file).unwrap();
        let inspector = Inspector::open(&file).unwrap();
        let mut plan = inspector.connection.prepare(&format!("EXPLAIN QUERY PLAN {RESPONSES}")).unwrap();
        let steps = plan.query_map(params![0, 1, 2, "job"], |row| row.get::<_, String>(3)).unwrap();
        let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
        assert_eq!(steps, ["SEARCH response USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"]);
        drop(store);
    }
}
