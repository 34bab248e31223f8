//! [`Limits`]: what a process may use.

use std::time::Duration;

/// What a process may use.
///
/// Time and output are the coordinator's to watch, and hold for all that the process starts. The others are the system's
/// (`RLIMIT_…`): each process that it starts has the same limit for itself.
///
/// ```
/// use std::time::Duration;
///
/// use job_orch::process::{Limits, Program};
///
/// let limits = Limits::none().time(Duration::from_secs(60)).output(1 << 20).memory(512 << 20);
/// let program = Program::new("sort").limits(limits);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    pub(super) time: Option<Duration>,
    pub(super) output: Option<u64>,
    pub(super) cpu: Option<Duration>,
    pub(super) memory: Option<u64>,
    pub(super) files: Option<u64>,
    pub(super) file_size: Option<u64>,
}

impl Limits {
    /// No limits but those of our own process.
    pub const fn none() -> Self {
        Self { time: None, output: None, cpu: None, memory: None, files: None, file_size: None }
    }

    /// How long it may run. Then it is stopped, as by [`Coordinator::stop`](super::Coordinator::stop).
    pub const fn time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// How many bytes it may write to standard output and standard error together. Then it is killed.
    pub const fn output(mut self, bytes: u64) -> Self {
        self.output = Some(bytes);
        self
    }

    /// These, and where they say nothing, those.
    pub(super) const fn or(mut self, usual: Self) -> Self {
        macro_rules! fill {
            ($($field:ident)*) => {$(
                if self.$field.is_none() {
                    self.$field = usual.$field;
                }
            )*};
        }
        fill!(time output cpu memory files file_size);
        self
    }
}
