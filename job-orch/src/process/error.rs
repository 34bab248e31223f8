//! What can go wrong with processes, cut by what the caller should do.

use std::io;
use std::path::{Path, PathBuf};

use super::status::Status;
use crate::id::JobId;

/// Why a process was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no such program, or it may not be executed.
    #[error("no program `{}` that can be executed", .program.display())]
    NotFound {
        /// As it was asked for.
        program: PathBuf,
    },
    /// The coordinator may start only listed programs, and this is none of them.
    #[error("program `{}` is not among those that may be started", .program.display())]
    NotAllowed {
        /// The path that was found for it.
        program: PathBuf,
    },
    /// An argument or a variable that no process can be given.
    #[error("program `{}`: {problem}", .program.display())]
    Unfit {
        /// As it was asked for.
        program: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// As many processes run and wait as may.
    #[error("{running} processes run, and {waiting} wait to be started: as many as may")]
    Full {
        /// The processes that may run.
        running: usize,
        /// Those that may wait behind them.
        waiting: usize,
    },
    /// The coordinator has been shut down.
    #[error("the coordinator of processes has been shut down")]
    Closed,
    /// The system refused: no such directory, too many processes or open files, not a program.
    #[error("program `{}` could not be started", .program.display())]
    Io {
        /// The path that was found for it.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl StartError {
    pub(super) fn io(program: &Path, source: io::Error) -> Self {
        Self::Io { program: program.to_owned(), source }
    }

    /// Whether it may go well later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let Self::Io { source, .. } = self else { return matches!(self, Self::Full { .. }) };
        matches!(source.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory | io::ErrorKind::Interrupted)
            || matches!(source.raw_os_error(), Some(code) if is_shortage(code))
    }
}

/// Too many open files, in this process or on the machine.
fn is_shortage(code: i32) -> bool {
    [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE].iter().any(|errno| errno.raw_os_error() == code)
}

/// Nobody knows this process: it was never started here, or it has ended and was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no process {id}: it was never started here, or has ended and was forgotten")]
pub struct Unknown {
    /// Its id.
    pub id: JobId,
}

/// Why something could not be asked of a process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// Nobody knows it.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// It has ended.
    #[error("process {id} has ended: {status}")]
    Ended {
        /// Its id.
        id: JobId,
        /// How.
        status: Status,
    },
    /// It has no standard input that could be written to, or has closed it.
    #[error("process {id} reads no standard input")]
    NoInput {
        /// Its id.
        id: JobId,
    },
    /// The system refused.
    #[error("the system refused it for process {id}")]
    Io {
        /// Its id.
        id: JobId,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// What a stream of output says instead of bytes. The stream goes on after it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// These bytes were dropped before they were read: as much is kept as [`Keep`](super::Keep) says.
    #[error("{bytes} bytes of output were dropped before they were read")]
    Missed {
        /// So many of them.
        bytes: u64,
    },
    /// What was kept in a file could not be read. The bytes are skipped.
    #[error("{bytes} bytes of output could not be read from their file")]
    Unreadable {
        /// So many of them.
        bytes: u64,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
