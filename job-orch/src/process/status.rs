//! How a process is, and how it ended.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Status {
    /// It runs.
    Running,
    /// It ended by itself.
    Exited {
        /// Its exit status; 0 says that all went well.
        code: i32,
    },
    /// A signal ended it.
    Killed {
        /// The number of the signal: 9 for `SIGKILL`, 15 for `SIGTERM`.
        signal: i32,
    },
    /// It ended, and somebody else in this program has taken its exit status.
    Lost,
}

impl Status {
    /// Whether it exited with status 0.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }

    /// The exit status as a shell gives it: its own, or 128 and the number of the signal. None while it runs, or if it is
    /// not known.
    #[must_use]
    pub const fn exit_code(self) -> Option<i32> {
        match self {
            Self::Exited { code } => Some(code),
            Self::Killed { signal } => Some(signal.saturating_add(128)),
            Self::Running | Self::Lost => None,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("running"),
            Self::Exited { code } => write!(f, "exited with status {code}"),
            Self::Killed { signal } => write!(f, "killed by signal {signal}"),
            Self::Lost => f.write_str("ended, nobody knows how"),
        }
    }
}

/// Why a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Cause {
    /// Nobody here ended it.
    Itself,
    /// [`Coordinator::stop`](super::Coordinator::stop) or [`kill`](super::Coordinator::kill), or its
    /// [`Attached`](super::Attached) was dropped.
    Stopped,
    /// It ran for longer than its limit.
    TimeLimit,
    /// It wrote more than its limit.
    OutputLimit,
    /// The coordinator shut down, or was dropped.
    Shutdown,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Itself => "by itself",
            Self::Stopped => "it was stopped",
            Self::TimeLimit => "its time was up",
            Self::OutputLimit => "it wrote too much",
            Self::Shutdown => "the coordinator was shut down",
        })
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ended {
    /// Its exit status, or the signal that ended it. Never [`Status::Running`].
    pub status: Status,
    /// Why it ended.
    pub cause: Cause,
    /// From its start until nothing of it was left.
    pub took: Duration,
    /// The bytes that it has written, to standard output and standard error together.
    pub written: u64,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            Cause::Itself => self.status.fmt(f),
            cause => write!(f, "{}: {cause}", self.status),
        }
    }
}
