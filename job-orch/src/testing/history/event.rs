//! What can happen.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::JobId;

/// One line of a history: who saw what, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Microseconds since the machine was started: one clock for all its processes.
    pub at: u64,
    /// Who saw it.
    pub process: String,
    /// The how-many-eth entry of that process it is.
    pub seq: u64,
    /// What it saw.
    #[serde(flatten)]
    pub event: Event,
}

/// What tells one run of a request from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grip {
    /// Rises with each claim; 0 where the engine does not tell.
    pub fence: u64,
    /// The number of the attempt, counted from 1.
    pub attempt: u32,
}

impl Grip {
    /// That of an engine which does not tell its fences.
    #[must_use]
    pub const fn attempt(attempt: u32) -> Self {
        Self { fence: 0, attempt }
    }
}

/// How a run, or a request, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
#[non_exhaustive]
pub enum End {
    /// With a response of this [`fingerprint`].
    Ok {
        /// The fingerprint of the response's bytes.
        hash: u64,
    },
    /// With a failure, and nobody needs to look at it.
    Failed,
    /// With a failure that stands among the dead letters.
    Dead,
    /// With a failure; it is to run again after so many milliseconds.
    Retry {
        /// The milliseconds.
        after: u64,
    },
}

impl End {
    /// Whether the request is done with.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Retry { .. })
    }
}

/// What was done to the system, or happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// A process was killed.
    Killed,
    /// A process was stopped.
    Stopped,
    /// A stopped process goes on.
    Continued,
    /// The power was cut: what was not on the disk is gone, and the processes with it.
    PowerCut,
    /// The disk was full.
    DiskFull,
    /// The engine refused an operation, or lost its answer.
    Refused,
}

/// What a process saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A request is about to be sent.
    Sent {
        /// Its id.
        id: JobId,
        /// Its unique key, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// Requests of one lane are promised to run in the order of their acceptance, one at a time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<String>,
        /// It is not to run before so many milliseconds.
        #[serde(default)]
        delay: u64,
        /// Whether its sender waits for the answer.
        #[serde(default)]
        is_call: bool,
    },
    /// The engine accepted a request.
    Accepted {
        /// Its id.
        id: JobId,
    },
    /// The engine dropped a request in favour of an equal one.
    Duplicate {
        /// Its id.
        id: JobId,
        /// The id of the one that was there.
        of: JobId,
    },
    /// The engine refused a request.
    Refused {
        /// Its id.
        id: JobId,
        /// Why.
        why: String,
    },
    /// A run began.
    Started {
        /// The request.
        id: JobId,
        /// The run.
        grip: Grip,
    },
    /// The lease of a run was extended.
    Extended {
        /// The request.
        id: JobId,
        /// The run.
        grip: Grip,
        /// It ends then, in microseconds of the clock of [`Entry::at`].
        until: u64,
    },
    /// All leases of this process end then, unless it says so again.
    Alive {
        /// In microseconds of the clock of [`Entry::at`].
        until: u64,
        /// Under which name the engine lists the process: another one, if it was taken for dead meanwhile.
        holder: i64,
    },
    /// A run ended; nothing is recorded yet.
    Finished {
        /// The request.
        id: JobId,
        /// The run.
        grip: Grip,
        /// How.
        #[serde(flatten)]
        end: End,
    },
    /// The engine recorded how a run ended.
    Recorded {
        /// The request.
        id: JobId,
        /// The run.
        grip: Grip,
        /// How.
        #[serde(flatten)]
        end: End,
    },
    /// The engine refused to record anything of a run: its lease was lost.
    Lost {
        /// The request.
        id: JobId,
        /// The run.
        grip: Grip,
    },
    /// A run was given back, and its attempt is not to count.
    Returned {
        /// The request.
        id: JobId,
        /// The run.
        grip: Grip,
    },
    /// A request that waited was taken back by whoever sent it.
    Cancelled {
        /// Its id.
        id: JobId,
    },
    /// A dead letter was sent again.
    Redriven {
        /// Its id.
        id: JobId,
    },
    /// A caller got its answer.
    Answered {
        /// The request.
        id: JobId,
        /// The fingerprint of the response's bytes.
        hash: u64,
    },
    /// A caller was told that there is no answer, and why.
    Unanswered {
        /// Why.
        why: String,
    },
    /// A listener heard how a request ended.
    Heard {
        /// The request.
        id: JobId,
        /// How. Of a failure it does not hear whether that is a dead letter.
        #[serde(flatten)]
        end: End,
    },
    /// After everything, this stands in the store.
    Stored {
        /// The request.
        id: JobId,
        /// How it ended.
        #[serde(flatten)]
        end: End,
    },
    /// A process is ready to run as many requests at once.
    Began {
        /// As many.
        workers: u32,
    },
    /// A process leaves in peace.
    Left,
    /// Something was done to the system.
    Fault {
        /// What.
        fault: FaultKind,
        /// To which process; all, if it is empty.
        target: String,
    },
    /// Something was measured that must not be more than it may.
    Measured {
        /// What.
        what: String,
        /// How much.
        value: u64,
        /// How much it may be.
        most: u64,
    },
    /// A process panicked, hung, or failed without a typed error.
    Broke {
        /// What it did.
        what: String,
    },
    /// Nothing waits or runs any more.
    Drained,
}

impl Event {
    /// A request is about to be sent, without wishes.
    #[must_use]
    pub const fn sent(id: JobId) -> Self {
        Self::Sent { id, key: None, lane: None, delay: 0, is_call: false }
    }

    /// The request that it is about.
    #[must_use]
    pub const fn id(&self) -> Option<JobId> {
        match self {
            Self::Sent { id, .. }
            | Self::Accepted { id }
            | Self::Duplicate { id, .. }
            | Self::Refused { id, .. }
            | Self::Started { id, .. }
            | Self::Extended { id, .. }
            | Self::Finished { id, .. }
            | Self::Recorded { id, .. }
            | Self::Lost { id, .. }
            | Self::Returned { id, .. }
            | Self::Cancelled { id }
            | Self::Redriven { id }
            | Self::Answered { id, .. }
            | Self::Heard { id, .. }
            | Self::Stored { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// What kind of event it is, in one word: as it is written.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent",
            Self::Accepted { .. } => "accepted",
            Self::Duplicate { .. } => "duplicate",
            Self::Refused { .. } => "refused",
            Self::Started { .. } => "started",
            Self::Extended { .. } => "extended",
            Self::Alive { .. } => "alive",
            Self::Finished { .. } => "finished",
            Self::Recorded { .. } => "recorded",
            Self::Lost { .. } => "lost",
            Self::Returned { .. } => "returned",
            Self::Cancelled { .. } => "cancelled",
            Self::Redriven { .. } => "redriven",
            Self::Answered { .. } => "answered",
            Self::Unanswered { .. } => "unanswered",
            Self::Heard { .. } => "heard",
            Self::Stored { .. } => "stored",
            Self::Began { .. } => "began",
            Self::Left => "left",
            Self::Fault { .. } => "fault",
            Self::Measured { .. } => "measured",
            Self::Broke { .. } => "broke",
            Self::Drained => "drained",
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12}.{:06} {:<12} {:?}", self.at / 1_000_000, self.at % 1_000_000, self.process, self.event)
    }
}

/// A hash of bytes, the same in every process and version (FNV-1a).
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
