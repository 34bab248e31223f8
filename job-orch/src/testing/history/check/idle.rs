//! Work conservation (A8): a ready request beside an idle worker, for how long.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Checker;
use crate::id::JobId;
use crate::testing::history::event::{End, Entry, Event};
use crate::testing::history::verdict::Invariant;

/// Who is ready, and since when nobody took anything though somebody could.
#[derive(Debug, Default)]
pub(super) struct Idle {
    // When they are due: those whose time has come are ready.
    due: BTreeSet<(u64, JobId)>,
    dues: HashMap<JobId, u64>,
    // Delays of requests that are not accepted yet.
    delays: BTreeMap<JobId, u64>,
    stalled: Option<u64>,
    last: u64,
    has_signs: bool,
}

impl Idle {
    fn ready_at(&mut self, id: JobId, due: u64) {
        self.remove(id);
        self.due.insert((due, id));
        self.dues.insert(id, due);
    }

    fn remove(&mut self, id: JobId) {
        if let Some(due) = self.dues.remove(&id) {
            self.due.remove(&(due, id));
        }
    }

    fn first(&self, now: u64) -> Option<JobId> {
        self.due.first().filter(|(due, _)| *due <= now).map(|(_, id)| *id)
    }
}

impl Checker<'_> {
    /// Before an entry: whether the time up to it was too long.
    pub(super) fn watch_idle(&mut self, entry: &Entry) {
        let Some(most) = self.promises.idle else { return };
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        let gap = entry.at.saturating_sub(std::mem::replace(&mut self.idle.last, entry.at));
        // Not even a sign of life came: the machine stood still, and nobody is to blame.
        if self.idle.has_signs && gap > most / 4 {
            self.idle.stalled = self.idle.stalled.map(|_| entry.at);
        }
        if let Some(since) = self.idle.stalled
            && entry.at.saturating_sub(since) > most
            && let Some(id) = self.idle.first(since)
        {
            self.idle.stalled = Some(entry.at);
            let what = format!("it was ready for {} µs beside an idle worker", entry.at - since);
            self.breaks(Invariant::A8, Some(id), entry.at, what);
        }
    }

    /// After an entry: who is ready, and whether anybody could run it.
    pub(super) fn note_ready(&mut self, entry: &Entry) {
        if self.promises.idle.is_none() {
            return;
        }
        let at = entry.at;
        match &entry.event {
            Event::Sent { id, delay, .. } if *delay > 0 => drop(self.idle.delays.insert(*id, delay * 1000)),
            Event::Accepted { id } if self.requests.get(id).is_some_and(|request| request.runs.is_empty()) => {
                let delay = self.idle.delays.remove(id).unwrap_or(0);
                self.idle.ready_at(*id, at + delay);
            }
            Event::Recorded { id, end: End::Retry { after }, .. } => self.idle.ready_at(*id, at + after * 1000),
            Event::Cancelled { id } => self.idle.remove(*id),
            Event::Alive { .. } => self.idle.has_signs = true,
            _ => {}
        }
        if let Event::Started { id, .. } = &entry.event {
            self.idle.remove(*id);
        }
        let took = self.count_running(entry);
        let can_run = self.idle.first(at).is_some() && self.processes.values().any(|process| process.idle() > 0);
        self.idle.stalled = match self.idle.stalled {
            Some(since) if can_run && !took => Some(since),
            _ if can_run => Some(at),
            _ => None,
        };
    }

    /// Counts what each process runs. Says whether something changed that restarts the clock.
    fn count_running(&mut self, entry: &Entry) -> bool {
        let process = self.processes.entry(entry.process.clone()).or_default();
        match &entry.event {
            Event::Started { .. } => process.running += 1,
            Event::Recorded { .. } | Event::Lost { .. } | Event::Returned { .. } => {
                process.running = process.running.saturating_sub(1);
            }
            Event::Fault { .. } => {}
            _ => return false,
        }
        true
    }
}
