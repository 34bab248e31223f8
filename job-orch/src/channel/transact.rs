//! Transactions of the user's in which an engine takes part.

use std::any::Any;

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
    /// Commits of this connection survive less than the store promises.
    #[error(
        "commits of this connection survive less than the store promises: it has `synchronous = {found}`, and needs {needed}"
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
