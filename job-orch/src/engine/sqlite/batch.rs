//! Rows that go into a table together. A statement that puts one row in opens the table with its indices, looks from the root
//! of each for the place, and closes them again: that is half of its work, and one that puts many in does it once.
//!
//! So what is to be put in waits for what comes next. Before anything else is asked of the store, it goes in.

use std::sync::OnceLock;

use rusqlite::{OptionalExtension, Statement, ToSql};

use super::places;
use super::requests::{self, LinedUp};
use super::responses::{self, Published};
use super::transaction::Transaction;

/// So many rows go in with one statement: as many as there are, of these.
const SIZES: [usize; 3] = [16, 4, 1];

/// So many wait at most.
const MOST: usize = 64;

/// What puts rows into a table.
pub(super) struct Insert {
    into: &'static str,
    columns: usize,
    otherwise: &'static str,
    // With the number of their rows.
    statements: OnceLock<Vec<(usize, String)>>,
}

impl Insert {
    /// `INSERT INTO` this, for rows of so many columns, and what is to be done `otherwise`.
    pub(super) const fn new(into: &'static str, columns: usize, otherwise: &'static str) -> Self {
        Self { into, columns, otherwise, statements: OnceLock::new() }
    }

    fn statements(&'static self) -> &'static [(usize, String)] {
        let Self { into, columns, otherwise, .. } = self;
        self.statements.get_or_init(|| {
            let row = format!("({})", vec!["?"; *columns].join(", "));
            let values = |size| vec![row.as_str(); size].join(", ");
            SIZES.map(|size| (size, format!("INSERT INTO {into} VALUES {} {otherwise}", values(size)))).into()
        })
    }
}

/// A row on its way into a table.
pub(super) trait Row {
    /// Fills its cells, from the first column to the last.
    fn fill(&self, cells: &mut Cells<'_, '_>) -> rusqlite::Result<()>;
}

/// The cells of rows.
pub(super) struct Cells<'a, 'c> {
    statement: &'a mut Statement<'c>,
    filled: usize,
}

impl Cells<'_, '_> {
    /// Fills the next one.
    pub(super) fn put(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.filled += 1;
        self.statement.raw_bind_parameter(self.filled, value)
    }
}

/// What waits.
#[derive(Default)]
pub(super) struct Pending {
    requests: Vec<LinedUp>,
    responses: Vec<Published>,
}

impl Transaction<'_> {
    /// Puts these in at once. Returns how many that were: some may have been there.
    pub(super) fn put_rows(&mut self, insert: &'static Insert, rows: &[impl Row]) -> rusqlite::Result<usize> {
        let (mut rest, mut put) = (rows, 0);
        for (size, sql) in insert.statements() {
            while let Some((together, later)) = rest.split_at_checked(*size) {
                let mut cells = Cells { statement: self.prepare_at_once(sql)?, filled: 0 };
                for (at, row) in together.iter().enumerate() {
                    row.fill(&mut cells)?;
                    debug_assert_eq!(cells.filled, (at + 1) * insert.columns, "a row has all of its cells");
                }
                put += cells.statement.raw_execute()?;
                rest = later;
            }
        }
        Ok(put)
    }

    /// Puts this in, together with what comes next.
    pub(super) fn put_request(&mut self, request: LinedUp) -> rusqlite::Result<()> {
        self.pending.requests.push(request);
        if self.pending.requests.len() < MOST { Ok(()) } else { self.put_pending() }
    }

    /// Puts this in, together with what comes next.
    pub(super) fn put_response(&mut self, response: Published) -> rusqlite::Result<()> {
        self.pending.responses.push(response);
        if self.pending.responses.len() < MOST { Ok(()) } else { self.put_pending() }
    }

    /// Puts in what waits.
    pub(super) fn put_pending(&mut self) -> rusqlite::Result<()> {
        if !self.pending.responses.is_empty() {
            let responses = std::mem::take(&mut self.pending.responses);
            self.put_rows(&responses::INSERT, &responses)?;
        }
        if !self.pending.requests.is_empty() {
            let requests = std::mem::take(&mut self.pending.requests);
            if self.put_rows(&requests::INSERT, &requests)? < requests.len() {
                self.take_off_known(&requests)?;
            }
        }
        Ok(())
    }

    /// Some of these were there already, and so they do not wait once more.
    fn take_off_known(&mut self, requests: &[LinedUp]) -> rusqlite::Result<()> {
        for LinedUp { seq, request, .. } in requests {
            let put = self
                .prepare_at_once("SELECT 1 FROM request WHERE seq = ?1")?
                .query_row([seq], |_| Ok(()))
                .optional()?;
            if put.is_none() {
                self.job(places::job_of(*seq))?.add_waiting(-1, -request.size());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use rusqlite::Connection;

    use super::*;
    use crate::channel::Acceptance;
    use crate::engine::sqlite::clock::Clock;
    use crate::engine::sqlite::requests::{NewRequest, Payload};
    use crate::id::JobId;
    use crate::sync::Arc;

    fn request(id: JobId) -> Arc<NewRequest> {
        let payload = Payload { version: 1, codec: 1, bytes: b"12345".to_vec() };
        let mut request = NewRequest {
            id,
            run: None,
            priority: 0,
            due: None,
            key: None,
            while_waiting: false,
            even_dead: false,
            key_until: None,
            is_call: false,
            deadline: None,
            trace: None,
            retry: None,
            payload,
            checksum: 0,
        };
        request.checksum = crate::engine::sqlite::checksum::of_request(&request);
        Arc::new(request)
    }

    /// A store with a job, and its number.
    fn store() -> (Connection, i64) {
        let connection = crate::engine::sqlite::schema::model().unwrap();
        let job = Transaction::new(&connection, Clock::System, 1).register("job").unwrap();
        (connection, job)
    }

    fn send(connection: &Connection, job: i64, ids: &[JobId]) {
        let mut transaction = Transaction::new(connection, Clock::System, 1);
        for id in ids {
            assert_eq!(transaction.insert_soon(job, &request(*id)).unwrap(), Acceptance::New);
        }
        transaction.save().unwrap();
    }

    fn number(connection: &Connection, sql: &str) -> u32 {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn however_many_come_together_each_is_put_in_once_and_in_order() {
        for count in [1, 3, 4, 5, 63, 64, 65, 64 + 16 + 4 + 1, 200] {
            let (connection, job) = store();
            let mut ids: Vec<JobId> = (0..count).map(|_| JobId::new()).collect();
            let (all, first) = (ids.clone(), ids[0]);
            // Some from before, and some twice among those that come together.
            send(&connection, job, &all[..all.len() / 2]);
            ids.push(first);
            send(&connection, job, &ids);
            assert_eq!(number(&connection, "SELECT count(*) FROM request"), count);
            assert_eq!(number(&connection, "SELECT waiting FROM job"), count);
            assert_eq!(number(&connection, "SELECT bytes FROM job"), 5 * count);
            let mut in_line = connection.prepare("SELECT id FROM request ORDER BY seq").unwrap();
            let in_line = in_line.query_map([], |row| crate::engine::sqlite::cells::id(row, 0)).unwrap();
            assert!(in_line.map(Result::unwrap).eq(all));
        }
    }

    #[test]
    fn what_is_asked_next_finds_what_was_put_in() {
        let (connection, job) = store();
        let mut transaction = Transaction::new(&connection, Clock::System, 1);
        let id = JobId::new();
        transaction.insert_soon(job, &request(id)).unwrap();
        assert!(transaction.knows(id).unwrap());
        transaction.insert_soon(job, &request(JobId::new())).unwrap();
        assert_eq!(number(transaction.connection().unwrap(), "SELECT count(*) FROM request"), 2);
    }
}
