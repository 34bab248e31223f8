//! Unique keys and lanes (A11, A12).

use super::Checker;
use crate::id::JobId;
use crate::testing::history::event::Entry;
use crate::testing::history::verdict::Invariant;

impl Checker<'_> {
    /// A11: nobody else with this key waits or runs, as far as that is certain.
    pub(super) fn check_key(&mut self, entry: &Entry, id: JobId) {
        let Some(request) = self.requests.get(&id) else { return };
        let Some(others) = request.key.as_ref().and_then(|key| self.keys.get(key)) else { return };
        let live = |id: &JobId| self.requests.get(id).is_some_and(|other| other.is_live() && !other.is_duplicate);
        let has_other = live(&id) && others.iter().any(|other| *other != id && live(other));
        if has_other {
            self.breaks(Invariant::A11, Some(id), entry.at, "another request with its unique key was accepted");
        }
    }

    /// A12: of those that were accepted before it in its lane, all have run, and none runs.
    pub(super) fn check_lane(&mut self, entry: &Entry, id: JobId) {
        let Some(request) = self.requests.get(&id) else { return };
        let Some(others) = request.lane.as_ref().and_then(|lane| self.lanes.get(lane)) else { return };
        let mut others = others.iter().filter(|other| **other != id).filter_map(|other| self.requests.get(other));
        let what = others.find_map(|other| {
            let is_before = other.is_accepted && request.is_accepted && other.accepted_at < request.accepted_at;
            match other.runs().last() {
                None if is_before && !other.has_ended() => {
                    Some("it ran before one that was accepted earlier in its lane")
                }
                Some(run) if !run.is_over => Some("it ran while another of its lane did"),
                _ => None,
            }
        });
        if let Some(what) = what {
            self.breaks(Invariant::A12, Some(id), entry.at, what);
        }
    }
}
