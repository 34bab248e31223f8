//! What can go wrong with a store, before and after it was opened.

use std::path::PathBuf;
use std::sync::Arc;

use super::schema::is_busy;

/// A store that could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file is something else.
    #[error("{} is no store of job-orch", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this crate has written it.
    #[error("{} is a store of version {found}; this program knows versions up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// Others may write the file, and so put work into it.
    #[error("{} can be written by others (mode {mode:o}); take that right away from them", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file belongs to somebody else, who could have put anything into it.
    #[error("{} belongs to the user {owner}, and this program runs as {user}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who wants to open it.
        user: u32,
    },
    /// The file lies on a file system over a network, where processes cannot share it safely.
    #[error("{} lies on a network file system; a store needs a local disk", path.display())]
    Network {
        /// The file.
        path: PathBuf,
    },
    /// The `SQLite` that this program was linked with can damage a file that several processes write.
    #[error("SQLite {0} may damage a shared file; 3.51.3 or newer is needed")]
    OldSqlite(&'static str),
    /// The file or the log beside it is damaged: what was accepted may be missing in it. Restore it from a copy, or take out
    /// what can be read with `sqlite3 FILE .recover`.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where, or how that shows.
        what: String,
    },
    /// The file or its folder cannot be used.
    #[error("{} cannot be opened", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// `SQLite` refused.
    #[error("{} cannot be opened", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it said.
        #[source]
        source: rusqlite::Error,
    },
}

/// A store that failed while it was in use. Shared by all whose operations went together.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// `SQLite` refused.
    #[error("the store refused")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    /// A request or a response is larger than the store takes: see [`Options::most_payload`](super::Options::most_payload).
    #[error("{size} bytes are too large: the store takes {most}")]
    TooLarge {
        /// Its bytes.
        size: u64,
        /// How many there may be.
        most: u64,
    },
    /// The disk failed to keep what was written. What was committed before may be lost with the power; the store has to be
    /// opened again.
    #[error("the disk failed; the store has to be opened again")]
    Disk(#[source] Arc<std::io::Error>),
    /// The file is damaged. A large one is looked at while it is in use; it has to be repaired, as one that is refused when it
    /// is opened ([`OpenError::Damaged`]).
    #[error("the store is damaged: {what}")]
    Damaged {
        /// How that shows.
        what: Arc<str>,
    },
    /// Another process has kept the file for too long.
    #[error("the store is kept busy by another process")]
    Busy,
    /// The store's thread has gone.
    #[error("the store was closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            error if is_damage(&error) => Self::Damaged { what: error.to_string().into() },
            error if is_busy(&error) => Self::Busy,
            error => Self::Sqlite(Arc::new(error)),
        }
    }
}

/// Whether the file has something in it that nobody has written there.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..))
        || error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt)
}
