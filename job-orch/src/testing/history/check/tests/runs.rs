//! What may begin, and how attempts are counted (A3, A7).

use super::{grip, told};
use crate::id::JobId;
use crate::testing::history::{End, Event, Invariant, Promises, Rejected};

#[test]
fn a3_a_run_after_the_end() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1));
    let end = End::Failed;
    told.by("one", Event::Finished { id, grip: grip(1, 1), end })
        .by("one", Event::Recorded { id, grip: grip(1, 1), end });
    told.starts("two", id, grip(2, 2)).drained();
    let Err(Rejected::Broken(broken)) = told.judged(&Promises::new()) else { panic!() };
    assert_eq!(
        (broken[0].invariant, broken[0].what.as_str()),
        (Invariant::A3, "a request ran after its end was recorded")
    );
}

#[test]
fn a3_a_run_that_nobody_asked_for() {
    let id = JobId::new();
    told().accepted(JobId::new()).starts("one", id, grip(1, 1)).breaks(Invariant::A3, "nobody sent");
}

#[test]
fn a3_a_run_after_a_cancel() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).by("sender", Event::Cancelled { id }).starts("one", id, grip(1, 1));
    told.breaks(Invariant::A3, "after it was cancelled");
}

#[test]
fn a3_a_claim_that_was_stopped_may_run_late() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("two", id, grip(2, 2)).succeeds("two", id, grip(2, 2), 7).starts("one", id, grip(1, 1));
    told.by("one", Event::Lost { id, grip: grip(1, 1) }).drained().is_fine();
}

#[test]
fn a3_a_redriven_dead_letter_may_run() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1));
    told.by("one", Event::Finished { id, grip: grip(1, 1), end: End::Failed });
    told.by("one", Event::Recorded { id, grip: grip(1, 1), end: End::Dead }).by("sender", Event::Redriven { id });
    told.starts("one", id, grip(2, 1)).succeeds("one", id, grip(2, 1), 7).drained().is_fine();
}

#[test]
fn a7_an_attempt_too_many() {
    let id = JobId::new();
    told().accepted(id).starts("one", id, grip(6, 6)).breaks(Invariant::A7, "5 are allowed");
}

#[test]
fn a7_a_crash_that_costs_nothing() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1)).dies("one").starts("two", id, grip(2, 1));
    told.breaks(Invariant::A7, "attempt 1 follows attempt 1, which was not given back");
}

#[test]
fn a7_an_attempt_that_nobody_made() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1)).dies("one").starts("two", id, grip(2, 3));
    told.breaks(Invariant::A7, "attempt 3 follows attempt 1");
}
