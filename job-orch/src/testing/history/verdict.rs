//! What a history is judged by, and what comes of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::event::{Entry, FaultKind};
use super::interest::Interest;
use crate::id::JobId;

/// What the framework promises of every history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Invariant {
    /// Every accepted request has one end, and every caller that lives gets it once, or a typed error.
    A1,
    /// A success stands for a run that ended well.
    A2,
    /// Nothing runs that nobody sent, and nothing after its end.
    A3,
    /// Only the last claim of a request records anything, and callers and listeners get what it recorded.
    A4,
    /// A request has one lease at a time that has not run out, of processes that live.
    A5,
    /// In the end nothing is missing: what was accepted is done, dead or cancelled.
    A6,
    /// No more attempts than allowed. A run that nobody gave back counts, one that was given back does not.
    A7,
    /// No request that is ready waits beside an idle worker.
    A8,
    /// Memory, disk and everything else that is counted stays bounded.
    A9,
    /// Every failure is a typed error: no panic, no hang.
    A10,
    /// Of requests with one unique key, one is accepted at a time.
    A11,
    /// Requests of one lane run in order, one at a time.
    A12,
}

/// What a history has to keep, and what must happen in it.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    pub(super) attempts: Option<u32>,
    pub(super) idle: Option<Duration>,
    pub(super) interest: Interest,
}

impl Promises {
    /// All invariants that need no figure: the number of attempts and the time beside an idle worker are not judged. Something
    /// must have been accepted, and the history must come to its end.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No request is attempted more often (A7).
    #[must_use]
    pub const fn attempts(mut self, most: u32) -> Self {
        self.attempts = Some(most);
        self
    }

    /// No request that is ready waits longer than this beside an idle worker (A8).
    #[must_use]
    pub const fn idle(mut self, most: Duration) -> Self {
        self.idle = Some(most);
        self
    }

    /// So much must happen: else the history proves nothing.
    #[must_use]
    pub fn interest(mut self, interest: Interest) -> Self {
        self.interest = interest;
        self
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Which one.
    pub invariant: Invariant,
    /// Of which request, if it is one's.
    pub id: Option<JobId>,
    /// When that was seen, in microseconds since the machine was started.
    pub at: u64,
    /// What happened.
    pub what: String,
    /// All that is known of the request.
    pub timeline: Vec<Entry>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.what)?;
        if let Some(id) = self.id {
            write!(f, " ({id})")?;
        }
        self.timeline.iter().try_for_each(|entry| write!(f, "\n    {entry}"))
    }
}

/// A history that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejected {
    /// Promises were broken: the first hundred.
    Broken(Vec<Violation>),
    /// None was broken, but too little happened: what is missing.
    Dull(Vec<String>),
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(violations) => {
                write!(f, "{} promises were broken", violations.len())?;
                violations.iter().try_for_each(|violation| write!(f, "\n{violation}"))
            }
            Self::Dull(missing) => write!(f, "too little happened to tell: {}", missing.join("; ")),
        }
    }
}

impl std::error::Error for Rejected {}

/// What happened in a history that was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Requests that the engine said to have accepted.
    pub accepted: u64,
    /// Requests whose acceptance their sender did not live to hear of, and that were there.
    pub recovered: u64,
    /// Requests that ended well.
    pub done: u64,
    /// Requests that failed, or are dead.
    pub failed: u64,
    /// Requests that were cancelled.
    pub cancelled: u64,
    /// Runs.
    pub runs: u64,
    /// Requests that took more than one.
    pub repeated: u64,
    /// Runs that lost their lease and could record nothing.
    pub lost: u64,
    /// Callers that got an answer.
    pub answered: u64,
    /// Ends that listeners heard.
    pub heard: u64,
    /// What was done to the system, how often.
    pub faults: BTreeMap<FaultKind, u64>,
    /// Every kind of event, how often.
    pub events: BTreeMap<&'static str, u64>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            accepted, recovered, done, failed, cancelled, runs, repeated, lost, answered, heard, faults, ..
        } = self;
        write!(
            f,
            "{accepted} accepted and {recovered} recovered; {done} done, {failed} failed, {cancelled} cancelled; {runs} \
             runs, {repeated} requests took several, {lost} late ends refused, {answered} callers answered, {heard} ends heard"
        )?;
        faults.iter().try_for_each(|(fault, count)| write!(f, ", {count} × {fault:?}"))
    }
}
