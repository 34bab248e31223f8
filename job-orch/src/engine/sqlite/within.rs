//! The engine's part of a transaction of the user's, on a connection of the user's to the same file.
//!
//! Such a connection is to the store what another process is: every number that a request or a response gets is in the file,
//! and read and written under the lock that lets one transaction at a time write. So what the two do comes one after the
//! other, and what the user rolls back was never there.

use std::any::Any;
use std::path::Path;

use rusqlite::Connection;

use super::error::StoreError;
use super::schema::{self, is_busy};
use super::store::Store;
use super::transaction::Transaction;
use crate::channel::{Transact, TransactionError};

/// No process: what is done here holds nothing.
const NOBODY: i64 = -1;

impl Transact for Connection {
    fn connection(&self) -> &dyn Any {
        self
    }
}

impl Transact for rusqlite::Transaction<'_> {
    fn connection(&self) -> &dyn Any {
        &**self
    }
}

impl Transact for rusqlite::Savepoint<'_> {
    fn connection(&self) -> &dyn Any {
        &**self
    }
}

impl From<rusqlite::Error> for TransactionError {
    fn from(error: rusqlite::Error) -> Self {
        if is_busy(&error) { Self::Busy } else { Self::Engine(StoreError::from(error).into()) }
    }
}

impl Store {
    /// Does a part of the user's transaction on a job: all of it, or nothing.
    pub(super) fn take_part<T>(
        &self,
        transaction: &dyn Transact,
        job: i64,
        part: impl FnOnce(&mut Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, TransactionError> {
        let connection = self.connection_of(transaction)?;
        connection.execute_batch("SAVEPOINT job_orch")?;
        let done = self.do_part(connection, job, part);
        // Some errors have ended the whole transaction.
        if !connection.is_autocommit() {
            let end = if done.is_ok() { "RELEASE job_orch" } else { "ROLLBACK TO job_orch; RELEASE job_orch" };
            connection.execute_batch(end)?;
        }
        if done.is_ok() {
            self.outside.expect(self.path());
        }
        done
    }

    fn do_part<T>(
        &self,
        connection: &Connection,
        job: i64,
        part: impl FnOnce(&mut Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, TransactionError> {
        let mut own = Transaction::new(connection, self.clock, NOBODY);
        // First of all, so that a transaction that has only begun waits for its turn to write, and reads nothing before it.
        let reserved = own.reserve(job);
        if !matches!(&reserved, Err(error) if is_busy(error)) {
            Self::judge(connection)?;
        }
        reserved?;
        let done = part(&mut own)?;
        own.save()?;
        Ok(done)
    }

    /// The connection, if it is one to this store, has a transaction begun, and its commits last. Nothing is read yet.
    pub(super) fn connection_of<'a>(&self, transaction: &'a dyn Transact) -> Result<&'a Connection, TransactionError> {
        let elsewhere = |found: &str| TransactionError::Elsewhere {
            store: self.path().display().to_string(),
            found: found.to_owned(),
        };
        let connection = transaction
            .connection()
            .downcast_ref::<Connection>()
            .ok_or_else(|| elsewhere("another kind of database"))?;
        match connection.path() {
            Some(path) if is_same(Path::new(path), self.path()) => {}
            Some("") | None => return Err(elsewhere("no file")),
            Some(path) => return Err(elsewhere(path)),
        }
        if connection.is_autocommit() {
            return Err(TransactionError::NotBegun);
        }
        let (found, needed) = (number(connection, "PRAGMA main.synchronous")?, schema::SYNCHRONOUS);
        if found < needed {
            return Err(TransactionError::Weak { found, needed });
        }
        Ok(connection)
    }

    /// Whether the store is as this program knows it, also seen from there.
    fn judge(connection: &Connection) -> Result<(), TransactionError> {
        let version = number(connection, "PRAGMA main.user_version")?;
        if version > schema::KNOWN {
            return Err(TransactionError::Newer { found: version, known: schema::KNOWN });
        }
        let hidden = connection
            .prepare_cached("SELECT name FROM temp.sqlite_schema WHERE name IN (SELECT name FROM main.sqlite_schema)")?
            .query_map([], |row| row.get(0))?
            .next();
        match hidden {
            None => Ok(()),
            Some(table) => Err(TransactionError::Hidden { table: table? }),
        }
    }
}

impl Transaction<'_> {
    /// Makes sure that nobody else writes until the end.
    fn reserve(&mut self, job: i64) -> rusqlite::Result<()> {
        self.prepare("UPDATE main.job SET turn = turn WHERE number = ?1")?.execute([job]).map(drop)
    }
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.prepare_cached(pragma)?.query_row([], |row| row.get(0))
}

/// Whether two paths lead to one file.
#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let file = |path: &Path| path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()));
    one == other || file(one).is_some_and(|one| file(other) == Some(one))
}

#[cfg(not(unix))]
fn is_same(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| path.canonicalize().ok();
    one == other || file(one).is_some_and(|one| file(other) == Some(one))
}
