//! What is looked at when a file is opened: a flipped bit in the file itself is not noticed by `SQLite`, and could hide
//! requests. Of a large file that takes longer than anybody wants to wait: [`Later`] looks at it while it is in use.

use std::fmt;
use std::path::PathBuf;
use std::thread::JoinHandle;

use rusqlite::{Connection, InterruptHandle};

use super::cells::text;
use super::error::StoreError;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, lock};

/// A file that is no larger is looked at in whole before it is used: that takes some milliseconds.
const SMALL: i64 = 8 << 20;

/// The tables, each of which is looked at with its indices: the log can be begun anew between two of them.
const TABLES: [&str; 12] = [
    "job",
    "holder",
    "held",
    "aside",
    "taken",
    "schedule",
    "request",
    "response",
    "step",
    "answer",
    "answers_of",
    "flight",
];

/// What is quick to tell: what was handed out is held or stands aside, nothing else is, and the counters of jobs are beyond
/// what stands in the tables.
const LINE: &str = "
SELECT 'the counters of a job are wrong' WHERE EXISTS (
    SELECT 1 FROM job WHERE head NOT BETWEEN 1 AND turn OR turn >= 1 << 39 OR position NOT BETWEEN 1 AND 1 << 40)
UNION ALL
SELECT 'the place of a response is yet to come' WHERE EXISTS (
    SELECT 1 FROM job JOIN response ON place >= (number << 40 | position) AND place < (number + 1) << 40)
UNION ALL
SELECT 'a request is neither waiting nor running' WHERE EXISTS (
    SELECT 1 FROM job JOIN request ON request.seq >= job.number << 40 AND request.seq < (job.number << 40 | job.head)
    WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.seq = request.seq)
      AND NOT EXISTS (SELECT 1 FROM aside WHERE aside.seq = request.seq))
UNION ALL
SELECT 'a request is waiting and running' WHERE EXISTS (
    SELECT 1 FROM held JOIN job ON job.number = held.seq >> 40
    WHERE held.seq >= (job.number << 40 | job.head) AND (held.seq >> 39) & 1 = 0)
LIMIT 1";

/// The rest: the rows agree with each other.
const ROWS: &str = "
SELECT 'the job of a request is missing' WHERE EXISTS (
    SELECT 1 FROM request WHERE NOT EXISTS (SELECT 1 FROM job WHERE number = request.seq >> 40))
UNION ALL
SELECT 'the place of a request is yet to come' WHERE EXISTS (
    SELECT 1 FROM request JOIN job ON job.number = seq >> 40 WHERE seq & ((1 << 39) - 1) >= job.turn)
UNION ALL
SELECT 'a request beside the line is lost' WHERE EXISTS (
    SELECT 1 FROM request WHERE (seq >> 39) & 1 = 1 AND NOT EXISTS (SELECT 1 FROM held WHERE held.seq = request.seq)
    AND NOT EXISTS (SELECT 1 FROM aside WHERE aside.seq = request.seq))
UNION ALL
SELECT 'a request stands aside in no known state' WHERE EXISTS (SELECT 1 FROM aside WHERE state NOT IN (0, 1, 3))
UNION ALL
SELECT 'a request is missing' WHERE EXISTS (
    SELECT seq FROM held UNION ALL SELECT seq FROM aside EXCEPT SELECT seq FROM request)
LIMIT 1";

/// And the counters that senders are held by agree with what is there.
const COUNTERS: &str = "
SELECT format('job `%s` counts %d that wait, of %d bytes, and there are %d of %d bytes', name, waiting, bytes, there, size)
FROM (SELECT name, waiting, bytes,
             (SELECT count(*) FROM request WHERE seq >= (number << 40 | head) AND seq < ((number << 40) | (1 << 39)))
                 + (SELECT count(*) FROM aside WHERE job = number AND state < 2) AS there,
             (SELECT coalesce(sum(length(payload)), 0) FROM request
              WHERE seq >= (number << 40 | head) AND seq < ((number << 40) | (1 << 39)))
                 + (SELECT coalesce(sum(length(payload)), 0) FROM aside JOIN request USING (seq)
                    WHERE job = number AND state < 2) AS size
      FROM job)
WHERE waiting IS NOT there OR bytes IS NOT size";

/// How it shows that a file is damaged, if it does. As the file is at one moment: others may be at work.
pub(super) fn damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let moment = connection.unchecked_transaction()?;
    if let Some(found) = first(&moment, LINE)? {
        return Ok(Some(found));
    }
    if is_large(&moment)? {
        return Ok(None);
    }
    match whole(&moment, "PRAGMA integrity_check(1)")? {
        None => agreement(&moment),
        found => Ok(found),
    }
}

/// Which jobs count wrong what waits, and how.
pub(super) fn miscounts(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare(COUNTERS)?.query_map([], |row| text(row, 0))?.collect()
}

/// How it shows that the rows of a file do not agree with each other, if they do not. Their counters are another matter.
pub(super) fn disagreement(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let moment = connection.unchecked_transaction()?;
    match first(&moment, LINE)? {
        None => first(&moment, ROWS),
        found => Ok(found),
    }
}

/// Whether most of a file is not looked at before it is used.
pub(super) fn is_large(connection: &Connection) -> rusqlite::Result<bool> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(number("page_count")?.saturating_mul(number("page_size")?) > SMALL)
}

/// The same of a large file, one table after the other.
fn damage_in_large(connection: &Connection, is_over: &AtomicBool) -> rusqlite::Result<Option<String>> {
    for table in TABLES {
        if is_over.load(Ordering::Acquire) {
            return Ok(None);
        }
        if let Some(found) = whole(connection, &format!("PRAGMA integrity_check({table})"))? {
            return Ok(Some(found));
        }
    }
    agreement(connection)
}

fn agreement(connection: &Connection) -> rusqlite::Result<Option<String>> {
    match first(connection, ROWS)? {
        None => first(connection, COUNTERS),
        found => Ok(found),
    }
}

/// What `SQLite` itself finds.
fn whole(connection: &Connection, check: &str) -> rusqlite::Result<Option<String>> {
    Ok(first(connection, check)?.filter(|found| found != "ok"))
}

fn first(connection: &Connection, sql: &str) -> rusqlite::Result<Option<String>> {
    let mut found = connection.prepare(sql)?;
    let mut rows = found.query([])?;
    rows.next()?.map(|row| text(row, 0)).transpose()
}

/// What was found in a file that is in use. Nothing is promised any more then.
pub(super) type Found = Arc<Mutex<Option<StoreError>>>;

/// Looks at a large file while it is in use, on a thread that leaves the processor to everybody else. Dropped, it ends.
pub(super) struct Later {
    interrupt: InterruptHandle,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Later {
    /// Begins to look.
    pub(super) fn spawn(file: PathBuf, connection: Connection, found: Found) -> std::io::Result<Self> {
        let (interrupt, is_over) = (connection.get_interrupt_handle(), Arc::new(AtomicBool::new(false)));
        let over = Arc::clone(&is_over);
        let look = move || {
            step_back();
            match damage_in_large(&connection, &over) {
                Ok(None) => {}
                Ok(Some(what)) => {
                    tracing::error!(target: "job_orch", store = %file.display(), what, "the store is damaged");
                    *lock(&found) = Some(StoreError::Damaged { what: what.into() });
                }
                Err(_) if over.load(Ordering::Acquire) => {}
                Err(error) => {
                    tracing::error!(target: "job_orch", store = %file.display(), %error, "the store cannot be read");
                    *lock(&found) = Some(StoreError::from(error));
                }
            }
        };
        let thread = std::thread::Builder::new().name("job-orch-checkup".to_owned()).spawn(look)?;
        Ok(Self { interrupt, is_over, thread: Some(thread) })
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            while !thread.is_finished() {
                // Between two looks, there is nothing to interrupt.
                self.interrupt.interrupt();
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Later").field("thread", &self.thread).finish_non_exhaustive()
    }
}

/// Has the system prefer all other threads.
#[cfg(target_os = "linux")]
fn step_back() {
    // Of this thread alone: on Linux, each has its own. If it must not, it goes on as it is.
    let _ = rustix::process::setpriority_process(None, 19);
}

#[cfg(not(target_os = "linux"))]
fn step_back() {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;
    use crate::engine::sqlite::schema;

    #[test]
    fn every_table_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let store = schema::open(&folder.path().join("jobs.db"), None).unwrap();
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let mut tables = store.prepare(tables).unwrap();
        let there: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let mut known = TABLES;
        known.sort_unstable();
        assert_eq!(there, known);
    }
}
