//! Transactions of the user's in which an engine takes part: a request is accepted in one, or a running one ends in it.

use std::any::Any;
use std::fmt::Debug;

use super::error::BoxError;

/// A transaction of yours in which an engine can take part, because it is one of the engine's own store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no transaction that an engine can take part in",
    label = "not a transaction",
    note = "on `Sqlite`, pass a `rusqlite::Transaction`, a `Savepoint`, or the `Connection` that has one begun"
)]
pub trait Transact {
    /// The connection whose transaction it is, for the engine that knows its type.
    fn connection(&self) -> &dyn Any;
}

/// An engine cannot take part in a transaction, and nothing was done in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// It is a transaction of another store.
    #[error("the transaction is one of {found}, and the requests are in {store}")]
    Elsewhere {
        /// Where the requests are.
        store: String,
        /// Of what it is a transaction.
        found: String,
    },
    /// The connection has begun no transaction: each statement would be one.
    #[error("no transaction was begun on this connection")]
    NotBegun,
    /// A newer version of this crate has changed the store meanwhile.
    #[error("the store has become one of version {found}; this program knows versions up to {known}")]
    Newer {
        /// Its version.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// Commits of this connection survive less than they must for the store to stay whole.
    #[error(
        "commits of this connection survive less than the store needs: it has `synchronous = {found}`, and needs {needed}"
    )]
    Weak {
        /// Its setting of `PRAGMA synchronous`.
        found: i64,
        /// The least that will do.
        needed: i64,
    },
    /// A temporary table of this connection has the name of one of the store's, and stands in front of it.
    #[error("a temporary table of this connection hides the store's own: `{table}`")]
    Hidden {
        /// Its name.
        table: String,
    },
    /// Somebody else writes, or has written since this transaction first read: roll it back, and begin it again, best as one
    /// that writes from the start (`BEGIN IMMEDIATE`).
    #[error("the store is being written by somebody else")]
    Busy,
    /// The engine failed.
    #[error("the engine failed")]
    Engine(#[source] BoxError),
}

/// A request was not completed in a transaction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompleteError {
    /// The lease was lost: somebody else has the request. The transaction **has been rolled back**, so that nothing of this
    /// run can be committed any more.
    #[error("the lease of job `{job}` was lost; the transaction was rolled back")]
    Lost {
        /// The job's name.
        job: &'static str,
    },
    /// It was completed before.
    #[error("the request of job `{job}` was completed before")]
    Twice {
        /// The job's name.
        job: &'static str,
    },
    /// The engine that the job runs on ends no request in a transaction of yours.
    #[error("the engine takes part in no transaction")]
    Unsupported,
    /// It is not the job's response.
    #[error("job `{job}` responds with `{expected}`, and was completed with `{found}`")]
    WrongType {
        /// The job's name.
        job: &'static str,
        /// The type of its response.
        expected: &'static str,
        /// The type of what was given.
        found: &'static str,
    },
    /// The response does not become bytes.
    #[error("the response of job `{job}` cannot be written")]
    Unwritable {
        /// The job's name.
        job: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The engine cannot take part in this transaction.
    #[error("job `{job}` cannot be completed in this transaction")]
    Transaction {
        /// The job's name.
        job: &'static str,
        /// Why.
        #[source]
        source: TransactionError,
    },
}

/// What ends a running request in a transaction of the user's: the engine's part of
/// [`Context::complete_in`](crate::Context::complete_in).
pub trait Completes: Debug + Send + Sync {
    /// Records the response, whose type is called `name`, and settles the request.
    ///
    /// # Errors
    /// [`CompleteError`] says why nothing was done.
    fn complete_in(
        &self,
        transaction: &dyn Transact,
        response: &dyn Any,
        name: &'static str,
    ) -> Result<(), CompleteError>;
}

/// Of a request that nobody has sent, as in a unit test: there is nothing to settle.
#[derive(Debug)]
pub(crate) struct NothingToComplete;

impl Completes for NothingToComplete {
    fn complete_in(&self, _: &dyn Transact, _: &dyn Any, _: &'static str) -> Result<(), CompleteError> {
        Ok(())
    }
}
