//! [`Options`]: how a coordinator starts, keeps and ends processes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::Coordinator;
use super::keep::Keep;
use super::limits::Limits;
use super::table::Remember;

/// How a coordinator starts, keeps and ends processes.
///
/// ```
/// use std::time::Duration;
///
/// use job_orch::process::Coordinator;
///
/// let processes = Coordinator::options().running(8).waiting(100).grace(Duration::from_secs(30)).build();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    pub(super) running: usize,
    pub(super) waiting: usize,
    pub(super) grace: Duration,
    pub(super) linger: Duration,
    pub(super) remember: Remember,
    pub(super) keep: Keep,
    pub(super) limits: Limits,
    // None: any.
    pub(super) only: Option<BTreeSet<PathBuf>>,
    pub(super) contains: bool,
    pub(super) is_unprivileged: bool,
}

impl Options {
    /// 1,024 processes run and as many wait behind them; 10 s of grace; those that have ended are remembered for five
    /// minutes, but not more than 1,024 of them; [`Keep::usual`]; no limits; any program.
    pub const fn usual() -> Self {
        Self {
            running: 1024,
            waiting: 1024,
            grace: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            remember: Remember { time: Duration::from_secs(300), count: 1024 },
            keep: Keep::usual(),
            limits: Limits::none(),
            only: None,
            contains: false,
            is_unprivileged: false,
        }
    }

    /// So many processes run at once, at least one. A further [`start`](Coordinator::start) waits until one of them has
    /// ended.
    pub const fn running(mut self, count: usize) -> Self {
        self.running = if count == 0 { 1 } else { count };
        self
    }

    /// So many [`start`](Coordinator::start)s may wait, first in first out; one more is refused.
    pub const fn waiting(mut self, count: usize) -> Self {
        self.waiting = count;
        self
    }

    /// How long a process that was asked to end has for it, before it is killed.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How long processes that a process leaves behind, and that hold its output open, may go on. The usual second lets a
    /// `tee` write what it has read.
    pub const fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// How long a process that has ended is remembered, with its output, and how many of them are, the latest ones.
    pub const fn remember(mut self, time: Duration, count: usize) -> Self {
        self.remember = Remember { time, count };
        self
    }

    /// How much output is kept, and where.
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// What a process may use whose [`Program`](super::Program) says nothing of it.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Catches also those descendants of a process that have left its process group (`setsid`). On Linux.
    ///
    /// Each process is marked by a variable in its environment, `JOB_ORCH_PROCESS`, and whoever bears its mark ends with it. One
    /// that has put off its environment, or runs as another user, is not found so. It takes a look at every process of the
    /// system.
    ///
    /// Each process gets a control group of its own too, where one can be had: on Linux 5.14 or later, with cgroups of version
    /// 2, for one who may make them. Nobody leaves that. It takes the system up to 10 ms to move a process into one.
    /// [`Coordinator::contains`] says whether one can be had.
    pub const fn contain(mut self) -> Self {
        self.contains = true;
        self
    }

    /// No process gains rights by what it starts (`no_new_privs` of Linux): programs like `sudo`, which run as another user
    /// whoever starts them, run as ours. It takes a thread for the time of each start. Elsewhere than on Linux, nothing is
    /// started.
    pub const fn no_new_privileges(mut self) -> Self {
        self.is_unprivileged = true;
        self
    }

    /// Starts these programs only. They are told by the path that is executed: give absolute ones.
    pub fn only(mut self, programs: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.only = Some(programs.into_iter().map(Into::into).collect());
        self
    }

    /// The coordinator.
    #[must_use]
    pub fn build(self) -> Coordinator {
        Coordinator::of(self)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::usual()
    }
}
