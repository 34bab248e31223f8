//! [`Started`]: a process whose output is read from its first byte on.

use super::output::Output;
use crate::id::JobId;

/// A process, and both of its outputs: see [`Coordinator::start_reading`](super::Coordinator::start_reading).
#[derive(Debug)]
#[non_exhaustive]
pub struct Started {
    /// Its id.
    pub id: JobId,
    /// What it writes to standard output.
    pub stdout: Output,
    /// What it writes to standard error.
    pub stderr: Output,
}
