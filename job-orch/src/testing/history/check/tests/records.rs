//! Who may record, and what is told of it (A4).

use super::{grip, told};
use crate::id::JobId;
use crate::testing::history::{End, Event, FaultKind, Invariant};

#[test]
fn a4_a_late_end_that_is_recorded() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1)).starts("two", id, grip(2, 2)).succeeds("one", id, grip(1, 1), 7);
    told.drained().breaks(Invariant::A4, "had lost its lease");
}

#[test]
fn a4_a_late_end_that_is_refused_is_fine() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1)).starts("two", id, grip(2, 2)).succeeds("two", id, grip(2, 2), 7);
    told.by("one", Event::Finished { id, grip: grip(1, 1), end: End::Ok { hash: 6 } });
    told.by("one", Event::Lost { id, grip: grip(1, 1) });
    assert_eq!(told.drained().is_fine().lost, 1);
}

#[test]
fn a4_a_reply_that_is_not_the_recorded_one() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1)).succeeds("one", id, grip(1, 1), 7);
    told.by("sender", Event::Answered { id, hash: 8 }).drained().breaks(Invariant::A4, "not that of the run");
}

#[test]
fn a4_two_runs_of_one_claim() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1)).starts("two", id, grip(1, 1)).succeeds("two", id, grip(1, 1), 7);
    told.drained().breaks(Invariant::A4, "two runs");
}

#[test]
fn a4_a_claim_that_a_power_cut_took_may_come_again() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1));
    told.by("harness", Event::Fault { fault: FaultKind::PowerCut, target: String::new() });
    told.starts("two", id, grip(1, 1)).succeeds("two", id, grip(1, 1), 7).drained().is_fine();
}

/// A request that one worker has ended, and whose end was heard.
fn heard(id: JobId, hash: u64) -> super::Told {
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1)).succeeds("one", id, grip(1, 1), 7);
    told.by("listener", Event::Heard { id, end: End::Ok { hash } });
    told
}

#[test]
fn a4_an_end_that_is_heard_and_not_recorded() {
    let id = JobId::new();
    heard(id, 7).drained().is_fine();
    heard(id, 8).drained().breaks(Invariant::A4, "not that of the run");
    heard(id, 7).by("other", Event::Heard { id, end: End::Failed }).breaks(Invariant::A4, "two ends");
}

#[test]
fn a4_an_end_that_was_heard_before_a_power_cut_took_it() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1));
    // The process that recorded it did not come to say so.
    told.by("one", Event::Finished { id, grip: grip(1, 1), end: End::Ok { hash: 7 } });
    told.by("listener", Event::Heard { id, end: End::Ok { hash: 7 } });
    told.by("harness", Event::Fault { fault: FaultKind::PowerCut, target: String::new() });
    told.starts("two", id, grip(1, 1)).succeeds("two", id, grip(1, 1), 8);
    told.by("harness", Event::Stored { id, end: End::Ok { hash: 8 } }).drained();
    told.breaks(Invariant::A4, "not what listeners heard");
}

#[test]
fn a4_a_failure_is_heard_as_one_whether_it_is_dead_or_not() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1));
    told.by("one", Event::Finished { id, grip: grip(1, 1), end: End::Failed });
    told.by("one", Event::Recorded { id, grip: grip(1, 1), end: End::Dead });
    told.by("listener", Event::Heard { id, end: End::Failed });
    told.by("harness", Event::Stored { id, end: End::Dead }).drained().is_fine();
    // Once it is redriven, it may end otherwise.
    told.by("sender", Event::Redriven { id }).starts("one", id, grip(2, 1)).succeeds("one", id, grip(2, 1), 7);
    told.by("listener", Event::Heard { id, end: End::Ok { hash: 7 } });
    told.entries.retain(|entry| !matches!(entry.event, Event::Stored { .. }));
    assert_eq!(told.is_fine().heard, 2);
}
