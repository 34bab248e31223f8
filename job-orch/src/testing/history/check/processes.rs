//! What is known of one process.

use super::Checker;
use crate::id::JobId;
use crate::testing::history::event::{Entry, Event, FaultKind};

/// What is known of one process.
#[derive(Debug, Default)]
pub(super) struct Process {
    pub(super) workers: u32,
    pub(super) running: u32,
    pub(super) is_dead: bool,
    pub(super) is_stopped: bool,
    pub(super) was_stopped: bool,
    /// Under which name the engine lists it.
    pub(super) holder: Option<i64>,
    // When its leases end, as far as it said.
    until: u64,
    pub(super) calls: Vec<JobId>,
    pub(super) answers: usize,
}

impl Process {
    /// When the leases end that it got under this name.
    pub(super) fn lease(&self, holder: Option<i64>) -> u64 {
        if self.holder == holder && holder.is_some() { self.until } else { 0 }
    }

    pub(super) const fn suffer(&mut self, fault: FaultKind) {
        match fault {
            FaultKind::Killed => (self.is_dead, self.running) = (true, 0),
            FaultKind::PowerCut => (self.is_dead, self.running, self.until) = (true, 0, 0),
            FaultKind::Stopped => (self.is_stopped, self.was_stopped) = (true, true),
            FaultKind::Continued => self.is_stopped = false,
            FaultKind::DiskFull | FaultKind::Refused => {}
        }
    }

    /// How many more requests it could run.
    pub(super) const fn idle(&self) -> u32 {
        if self.is_dead || self.is_stopped { 0 } else { self.workers.saturating_sub(self.running) }
    }
}

impl Checker<'_> {
    /// What a process says of itself.
    pub(super) fn process(&mut self, entry: &Entry) {
        let process = self.processes.entry(entry.process.clone()).or_default();
        match entry.event {
            Event::Alive { until, holder } => (process.until, process.holder) = (until, Some(holder)),
            Event::Began { workers } => process.workers = workers,
            Event::Left => (process.workers, process.until) = (0, 0),
            Event::Unanswered { .. } => process.answers += 1,
            _ => {}
        }
    }
}
