//! What is known of one request.

use crate::testing::history::event::{End, Grip};

/// What is known of one request.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) is_sent: bool,
    pub(super) is_accepted: bool,
    pub(super) accepted_at: u64,
    pub(super) is_duplicate: bool,
    pub(super) is_cancelled: bool,
    pub(super) key: Option<String>,
    pub(super) lane: Option<String>,
    pub(super) runs: Vec<Run>,
    /// Runs before this one are of a time before it was redriven.
    first_run: usize,
    /// The end that counts, as its process saw it recorded.
    pub(super) recorded: Option<(Claim, End)>,
    /// The end that stands in the store.
    pub(super) stored: Option<End>,
    /// What a caller got.
    pub(super) answered: Option<u64>,
    /// What listeners heard.
    pub(super) heard: Option<End>,
}

/// A claim, in the order of claims: fences begin anew where a power cut took them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    pub(super) cut: u32,
    pub(super) grip: Grip,
}

/// One run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) claim: Claim,
    pub(super) process: String,
    /// Under which name its process was listed.
    pub(super) holder: Option<i64>,
    /// What was said of its lease alone.
    pub(super) until: u64,
    pub(super) end: Option<End>,
    pub(super) is_returned: bool,
    /// Its process is done with it.
    pub(super) is_over: bool,
}

impl Request {
    /// The runs since it was redriven last.
    pub(super) fn runs(&self) -> &[Run] {
        self.runs.get(self.first_run..).unwrap_or_default()
    }

    /// The run that this process speaks of.
    pub(super) fn run_of(&mut self, process: &str, grip: Grip) -> Option<&mut Run> {
        self.runs.iter_mut().rev().find(|run| run.claim.grip == grip && run.process == process)
    }

    /// The last run in the order of claims: the one that counts.
    pub(super) fn deciding(&self) -> Option<&Run> {
        self.runs().iter().max_by_key(|run| run.claim)
    }

    pub(super) fn redrive(&mut self) {
        self.first_run = self.runs.len();
        self.recorded = None;
        self.heard = None;
    }

    pub(super) const fn is_redriven(&self) -> bool {
        self.first_run > 0
    }

    /// Whether it has an end, as far as anybody said.
    pub(super) fn has_ended(&self) -> bool {
        self.recorded.is_some() || self.stored.is_some() || self.is_cancelled
    }

    /// Whether it waits or runs for certain: nobody is about to record its end.
    pub(super) fn is_live(&self) -> bool {
        self.is_accepted && !self.has_ended() && self.runs().iter().all(|run| run.end.is_none())
    }
}
