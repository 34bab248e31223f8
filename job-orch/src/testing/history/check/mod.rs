//! One pass over a history: what is known of each request and process, and which promise that breaks.

mod ends;
mod idle;
mod keys;
mod processes;
mod requests;
mod runs;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use idle::Idle;
use processes::Process;
use requests::Request;
use runs::Suspicion;

use super::event::{Entry, Event, FaultKind};
use super::verdict::{Invariant, Promises, Rejected, Summary, Violation};
use crate::id::JobId;

/// So many violations are told.
const MOST: usize = 100;

/// Goes over a history once.
pub(super) struct Checker<'a> {
    promises: &'a Promises,
    requests: HashMap<JobId, Request>,
    processes: BTreeMap<String, Process>,
    // Of each unique key and each lane, those that may have it.
    keys: HashMap<String, Vec<JobId>>,
    lanes: HashMap<String, Vec<JobId>>,
    idle: Idle,
    suspicions: Vec<Suspicion>,
    // Power cuts so far: what was not on the disk then is forgotten, fences included.
    cuts: u32,
    has_stored: bool,
    broken: Vec<Violation>,
    summary: Summary,
}

impl<'a> Checker<'a> {
    pub(super) fn new(promises: &'a Promises) -> Self {
        Self {
            promises,
            requests: HashMap::new(),
            processes: BTreeMap::new(),
            keys: HashMap::new(),
            lanes: HashMap::new(),
            idle: Idle::default(),
            suspicions: Vec::new(),
            cuts: 0,
            has_stored: false,
            broken: Vec::new(),
            summary: Summary::default(),
        }
    }

    /// Looks at the next entry.
    pub(super) fn see(&mut self, entry: &Entry) {
        *self.summary.events.entry(entry.event.word()).or_default() += 1;
        self.watch_idle(entry);
        if !self.suspicions.is_empty() {
            self.confirm(entry);
        }
        match &entry.event {
            Event::Sent { .. } => self.sent(entry),
            Event::Accepted { id } => self.accepted(entry, *id),
            Event::Duplicate { id, .. } => self.request(*id).is_duplicate = true,
            Event::Started { id, grip } => self.started(entry, *id, *grip),
            Event::Extended { id, grip, until } => self.extended(entry, *id, *grip, *until),
            Event::Finished { id, grip, end } => self.finished(entry, *id, *grip, *end),
            Event::Recorded { id, grip, end } => self.recorded(entry, *id, *grip, *end),
            Event::Lost { id, grip } => self.lost(entry, *id, *grip),
            Event::Returned { id, grip } => self.returned(entry, *id, *grip),
            Event::Cancelled { id } => self.request(*id).is_cancelled = true,
            Event::Redriven { id } => self.request(*id).redrive(),
            Event::Answered { id, hash } => self.answered(entry, *id, *hash),
            Event::Heard { id, end } => self.heard(entry, *id, *end),
            Event::Stored { id, end } => self.stored(entry, *id, *end),
            Event::Fault { fault, target } => self.fault(*fault, target),
            Event::Measured { what, value, most } if value > most => {
                self.breaks(Invariant::A9, None, entry.at, format!("{what} is {value}, and may be {most}"));
            }
            Event::Broke { what } => self.breaks(Invariant::A10, None, entry.at, format!("{}: {what}", entry.process)),
            Event::Alive { .. } | Event::Began { .. } | Event::Left | Event::Unanswered { .. } => self.process(entry),
            Event::Refused { .. } | Event::Measured { .. } | Event::Drained => {}
        }
        self.note_ready(entry);
    }

    fn request(&mut self, id: JobId) -> &mut Request {
        self.requests.entry(id).or_default()
    }

    fn breaks(&mut self, invariant: Invariant, id: Option<JobId>, at: u64, what: impl Into<String>) {
        let is_known = |known: &Violation| known.invariant == invariant && known.id == id && id.is_some();
        if self.broken.len() < MOST && !self.broken.iter().any(is_known) {
            self.broken.push(Violation { invariant, id, at, what: what.into(), timeline: Vec::new() });
        }
    }

    fn sent(&mut self, entry: &Entry) {
        let Event::Sent { id, key, lane, is_call, .. } = &entry.event else { return };
        let sender = self.processes.entry(entry.process.clone()).or_default();
        if *is_call {
            sender.calls.push(*id);
        }
        for (map, name) in [(&mut self.keys, key), (&mut self.lanes, lane)] {
            if let Some(name) = name {
                map.entry(name.clone()).or_default().push(*id);
            }
        }
        let request = self.request(*id);
        request.is_sent = true;
        request.key.clone_from(key);
        request.lane.clone_from(lane);
    }

    fn accepted(&mut self, entry: &Entry, id: JobId) {
        let request = self.request(id);
        if !std::mem::replace(&mut request.is_accepted, true) {
            request.accepted_at = entry.at;
            self.summary.accepted += 1;
        }
        self.check_key(entry, id);
    }

    fn fault(&mut self, fault: FaultKind, target: &str) {
        *self.summary.faults.entry(fault).or_default() += 1;
        if fault == FaultKind::PowerCut {
            self.cuts += 1;
        }
        for (_, process) in self.processes.iter_mut().filter(|(name, _)| target.is_empty() || *name == target) {
            process.suffer(fault);
        }
    }

    /// Looks at what is left, and judges.
    pub(super) fn end(mut self, entries: &[Entry]) -> Result<Summary, Rejected> {
        let suspicions = std::mem::take(&mut self.suspicions);
        self.convict(suspicions);
        self.check_ends();
        self.check_callers();
        let mut broken = std::mem::take(&mut self.broken);
        if broken.is_empty() {
            let missing = self.promises.interest.missing(&self.summary);
            return if missing.is_empty() { Ok(self.summary) } else { Err(Rejected::Dull(missing)) };
        }
        for violation in broken.iter_mut().filter(|violation| violation.id.is_some()) {
            let timeline = entries.iter().filter(|entry| entry.event.id() == violation.id);
            violation.timeline = timeline.cloned().collect();
        }
        broken.sort_by_key(|violation| (violation.invariant, violation.at));
        Err(Rejected::Broken(broken))
    }
}
