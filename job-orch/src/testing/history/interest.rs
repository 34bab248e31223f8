//! [`Interest`]: what must happen in a history, or it proves nothing.

use super::event::FaultKind;
use super::verdict::Summary;

/// What must happen in a history, or it proves nothing.
#[derive(Clone, Debug, Default)]
pub struct Interest {
    faults: Vec<FaultKind>,
    events: Vec<&'static str>,
    requests: u64,
    repeated_percent: u64,
    lost: u64,
}

impl Interest {
    /// One accepted request is enough.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a run with these faults: each occurred, one request of twenty took several attempts, and a late end was refused.
    #[must_use]
    pub fn of_faults(faults: impl IntoIterator<Item = FaultKind>) -> Self {
        Self { faults: faults.into_iter().collect(), repeated_percent: 5, lost: 1, ..Self::default() }
    }

    /// So many requests must be accepted.
    #[must_use]
    pub const fn requests(mut self, least: u64) -> Self {
        self.requests = least;
        self
    }

    /// So many of a hundred requests must need several runs.
    #[must_use]
    pub const fn repeated_percent(mut self, least: u64) -> Self {
        self.repeated_percent = least;
        self
    }

    /// So many late ends must be refused.
    #[must_use]
    pub const fn lost(mut self, least: u64) -> Self {
        self.lost = least;
        self
    }

    /// Events of these kinds must occur: see [`Event::word`](super::Event::word).
    #[must_use]
    pub fn events(mut self, words: impl IntoIterator<Item = &'static str>) -> Self {
        self.events.extend(words);
        self
    }

    /// What is missing.
    pub(super) fn missing(&self, summary: &Summary) -> Vec<String> {
        let mut missing = Vec::new();
        let mut least = |what: &str, found: u64, least: u64| {
            if found < least {
                missing.push(format!("{found} {what}, where {least} are needed"));
            }
        };
        least("requests were accepted", summary.accepted, self.requests.max(1));
        least("late ends were refused", summary.lost, self.lost);
        least("requests took several runs", summary.repeated * 100, self.repeated_percent * summary.accepted);
        least("times everything was drained", summary.events.get("drained").copied().unwrap_or(0), 1);
        for fault in self.faults.iter().filter(|fault| !summary.faults.contains_key(fault)) {
            missing.push(format!("no fault {fault:?}"));
        }
        for word in self.events.iter().filter(|word| !summary.events.contains_key(*word)) {
            missing.push(format!("no event `{word}`"));
        }
        missing
    }
}
