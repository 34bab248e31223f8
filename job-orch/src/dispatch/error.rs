//! What can go wrong with a dispatcher.

use std::io;
use std::path::PathBuf;

use crate::channel::BoxError;
use crate::engine::sqlite;

/// Why a dispatcher did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A file is not what was written there. It is left as it is.
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        #[source]
        source: serde_json::Error,
    },
    /// The system refused something about a file.
    #[error("`{}` cannot be used", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another dispatcher works in this directory.
    #[error("another dispatcher works in `{}`", path.display())]
    Taken {
        /// The directory.
        path: PathBuf,
    },
    /// Everybody may write into this directory: put a file there, or take ours away.
    #[error("everybody may write into `{}`: take that away (`chmod o-w`), or choose another directory", path.display())]
    Open {
        /// The directory.
        path: PathBuf,
    },
    /// Encrypted callbacks cannot be set up.
    #[error("encrypted callbacks cannot be set up")]
    Encryption(#[source] io::Error),
    /// The durable store did not open.
    #[error(transparent)]
    Store(#[from] sqlite::OpenError),
    /// The durable store opened, and then failed.
    #[error("the durable store failed")]
    Engine(#[source] BoxError),
}

/// Why something could not stand in a line, or leave it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// So many wait already: try later.
    #[error("{limit} {line} wait already")]
    Full {
        /// Which line: `jobs` or `workers`.
        line: &'static str,
        /// How many may wait.
        limit: usize,
    },
    /// What waits has so many bytes already that this is too much: try later.
    #[error("the {line} that wait may have {limit} bytes")]
    TooManyBytes {
        /// Which line: `jobs` or `workers`.
        line: &'static str,
        /// How many bytes may wait.
        limit: usize,
    },
    /// The line could not be stored. Nothing was accepted.
    #[error("the line of {line} could not be stored: {reason}")]
    Store {
        /// Which line: `jobs` or `workers`.
        line: &'static str,
        /// What the system or the engine said.
        reason: String,
    },
}
