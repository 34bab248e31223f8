//! [`Limits`]: what a process may use.

use std::io;
use std::time::Duration;

use rustix::process::Pid;

/// What a process may use.
///
/// Time and output are the coordinator's to watch, and hold for all that the process starts. The others are the system's
/// (`RLIMIT_…`, Linux only): each process that it starts has the same limit for itself. They are set a moment after the
/// start, which is soon enough for what is careless, and not for what is malicious. No process writes core dumps.
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
    pub(super) processes: Option<u64>,
}

impl Limits {
    /// No limits but those of our own process.
    pub const fn none() -> Self {
        Self { time: None, output: None, cpu: None, memory: None, files: None, file_size: None, processes: None }
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

    /// How long it may keep a processor busy, in whole seconds. Then it gets `SIGXCPU`, and a second later `SIGKILL`. Linux.
    pub const fn cpu(mut self, time: Duration) -> Self {
        self.cpu = Some(time);
        self
    }

    /// Bytes of address space that each of its processes may have. Programs fail in their own ways beyond it. Linux.
    pub const fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Files that each of its processes may have open, its standard ones included. Linux.
    pub const fn files(mut self, count: u64) -> Self {
        self.files = Some(count);
        self
    }

    /// Bytes that a file may have which it writes to. Then it gets `SIGXFSZ`. Linux.
    pub const fn file_size(mut self, bytes: u64) -> Self {
        self.file_size = Some(bytes);
        self
    }

    /// Processes and threads that its user may have on the whole machine, others than its own included, when it starts one
    /// more: a limit for users who run nothing else. It does not hold for `root`. Linux.
    pub const fn processes(mut self, count: u64) -> Self {
        self.processes = Some(count);
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
        fill!(time output cpu memory files file_size processes);
        self
    }
}

#[cfg(target_os = "linux")]
impl Limits {
    /// Has the system watch those of its limits that it can.
    pub(super) fn impose(&self, pid: Pid) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
        let seconds = self.cpu.map(|time| time.as_secs().max(1));
        let limits = [
            (Resource::Core, Some(0)),
            (Resource::Cpu, seconds),
            (Resource::As, self.memory),
            (Resource::Nofile, self.files),
            (Resource::Fsize, self.file_size),
            (Resource::Nproc, self.processes),
        ];
        for (resource, limit) in limits {
            let Some(limit) = limit else { continue };
            // What we may not do ourselves, we cannot allow.
            let highest = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            let kill_at = if matches!(resource, Resource::Cpu) { limit + 1 } else { limit };
            let limit = Rlimit { current: Some(limit.min(highest)), maximum: Some(kill_at.min(highest)) };
            match prlimit(Some(pid), resource, limit) {
                // One that has ended already needs no limit.
                Ok(_) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
impl Limits {
    /// There is nobody who watches them.
    pub(super) fn impose(&self, _: Pid) -> io::Result<()> {
        let limits = [self.memory, self.files, self.file_size, self.processes];
        if self.cpu.is_some() || limits.iter().any(Option::is_some) {
            Err(io::ErrorKind::Unsupported.into())
        } else {
            Ok(())
        }
    }
}
