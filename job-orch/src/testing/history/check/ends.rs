//! Ends: what callers get, what listeners hear and what stands in the store (A1, A2, A4, A6).

use super::Checker;
use super::requests::Request;
use crate::id::JobId;
use crate::testing::history::event::{End, Entry};
use crate::testing::history::verdict::Invariant;

impl Checker<'_> {
    pub(super) fn answered(&mut self, entry: &Entry, id: JobId, hash: u64) {
        self.summary.answered += 1;
        self.processes.entry(entry.process.clone()).or_default().answers += 1;
        if self.request(id).answered.replace(hash).is_some() {
            self.breaks(Invariant::A1, Some(id), entry.at, "a caller was answered twice");
        }
    }

    pub(super) fn heard(&mut self, entry: &Entry, id: JobId, end: End) {
        self.summary.heard += 1;
        let request = self.request(id);
        let before = request.heard.replace(end);
        if before.is_some_and(|before| !is_told_as(end, before)) && !request.is_redriven() {
            self.breaks(Invariant::A4, Some(id), entry.at, "listeners heard two ends");
        }
    }

    pub(super) fn stored(&mut self, entry: &Entry, id: JobId, end: End) {
        self.has_stored = true;
        if self.request(id).stored.replace(end).is_some() {
            self.breaks(Invariant::A1, Some(id), entry.at, "two ends stand in the store");
        }
    }

    /// Looks at how every request has ended.
    pub(super) fn check_ends(&mut self) {
        let mut requests = std::mem::take(&mut self.requests);
        let is_drained = self.summary.events.contains_key("drained");
        for (id, request) in &requests {
            self.count(request);
            let broken = match lost(request, is_drained, self.has_stored) {
                Some(what) => Some((Invariant::A6, what)),
                None => wrong(request),
            };
            if let Some((invariant, what)) = broken {
                self.breaks(invariant, Some(*id), request.accepted_at, what);
            }
        }
        std::mem::swap(&mut self.requests, &mut requests);
    }

    fn count(&mut self, request: &Request) {
        self.summary.recovered += u64::from(!request.is_accepted && !request.runs.is_empty());
        let end = request.stored.or(request.recorded.map(|(_, end)| end));
        match end {
            Some(End::Ok { .. }) => self.summary.done += 1,
            Some(_) => self.summary.failed += 1,
            None => self.summary.cancelled += u64::from(request.is_cancelled),
        }
    }

    /// A1: every caller that lives got an answer, or was told that there is none.
    pub(super) fn check_callers(&mut self) {
        if !self.summary.events.contains_key("drained") {
            return;
        }
        let mut silent = Vec::new();
        for (name, process) in self.processes.iter().filter(|(_, process)| !process.is_dead) {
            let unanswered = process
                .calls
                .iter()
                .filter(|id| self.requests.get(id).is_some_and(|request| request.answered.is_none()));
            if process.answers < process.calls.len() {
                silent.extend(unanswered.map(|id| (*id, name.clone())));
            }
        }
        for (id, name) in silent {
            self.breaks(Invariant::A1, Some(id), 0, format!("{name} waits for an answer still"));
        }
    }
}

/// What is missing, if anything is.
fn lost(request: &Request, is_drained: bool, has_stored: bool) -> Option<&'static str> {
    if !is_drained {
        return None;
    }
    let must_end = request.is_accepted && !request.is_duplicate;
    match request {
        Request { stored: Some(_), is_sent: false, .. } => Some("the store holds a request that nobody sent"),
        _ if must_end && !request.has_ended() => Some("it was accepted, and is lost"),
        Request { recorded: Some(_), stored: None, .. } if has_stored => Some("its end was recorded, and is lost"),
        Request { heard: Some(_), stored: None, .. } if has_stored => Some("its end was heard, and is lost"),
        _ if must_end && has_stored && request.stored.is_none() && !request.is_cancelled => {
            Some("it was accepted, and is not in the store")
        }
        _ => None,
    }
}

/// What is wrong with its end, if anything is.
fn wrong(request: &Request) -> Option<(Invariant, &'static str)> {
    let recorded = request.recorded.map(|(_, end)| end);
    if let (Some(recorded), Some(stored)) = (recorded, request.stored)
        && recorded != stored
    {
        return Some((Invariant::A4, "what stands in the store is not what was recorded"));
    }
    if let (Some(heard), Some(stored)) = (request.heard, request.stored)
        && !is_told_as(stored, heard)
    {
        return Some((Invariant::A4, "what stands in the store is not what listeners heard"));
    }
    if let (Some((claim, _)), Some(deciding)) = (request.recorded, request.deciding())
        && deciding.claim > claim
    {
        return Some((Invariant::A4, "an end was recorded of a run that had lost its lease"));
    }
    let hash = |end: Option<End>| match end {
        Some(End::Ok { hash }) => Some(hash),
        _ => None,
    };
    let responses = [hash(request.stored), hash(request.heard), request.answered];
    responses.into_iter().flatten().find_map(|hash| not_decided(request, hash))
}

/// Whether listeners are told this end so: all failures are one to them.
fn is_told_as(end: End, heard: End) -> bool {
    end == heard || (matches!(end, End::Dead | End::Failed) && matches!(heard, End::Dead | End::Failed))
}

/// Whether the last run in the order of claims came to another response.
fn not_decided(request: &Request, hash: u64) -> Option<(Invariant, &'static str)> {
    let is_ok = |end: Option<End>| matches!(end, Some(End::Ok { .. }));
    if !request.runs().iter().any(|run| is_ok(run.end)) {
        return Some((Invariant::A2, "it has a response, and no run ended well"));
    }
    let end = request.deciding().and_then(|run| run.end);
    (end != Some(End::Ok { hash }))
        .then_some((Invariant::A4, "its response is not that of the run that held the lease"))
}
