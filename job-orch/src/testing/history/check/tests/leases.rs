//! Who holds a request (A5).

use std::time::Duration;

use super::{MS, grip, told};
use crate::id::JobId;
use crate::testing::history::{Event, Invariant};

#[test]
fn a5_two_leases_at_once() {
    let id = JobId::new();
    let mut told = told();
    told.by("one", Event::Alive { until: 300 * MS, holder: 1 });
    told.accepted(id).starts("one", id, grip(1, 1)).starts("two", id, grip(2, 2)).succeeds("two", id, grip(2, 2), 7);
    told.drained().breaks(Invariant::A5, "one had a lease");
}

#[test]
fn a5_a_lease_that_is_extended_for_itself() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1));
    told.by("one", Event::Extended { id, grip: grip(1, 1), until: 300 * MS });
    told.starts("two", id, grip(2, 2))
        .succeeds("two", id, grip(2, 2), 7)
        .drained()
        .breaks(Invariant::A5, "had a lease");
}

#[test]
fn a5_a_lease_that_has_run_out_is_free() {
    let id = JobId::new();
    let mut told = told();
    told.by("one", Event::Alive { until: 300 * MS, holder: 1 }).accepted(id).starts("one", id, grip(1, 1));
    // It was taken for dead, and is listed anew: that extends nothing which it had before.
    told.later(Duration::from_millis(400)).by("one", Event::Alive { until: 900 * MS, holder: 2 });
    told.starts("two", id, grip(2, 2)).succeeds("two", id, grip(2, 2), 7).drained().is_fine();
}

#[test]
fn a5_the_lease_of_a_process_that_has_died_is_free() {
    let id = JobId::new();
    let mut told = told();
    told.by("one", Event::Alive { until: 300 * MS, holder: 1 });
    told.accepted(id).starts("one", id, grip(1, 1)).starts("two", id, grip(2, 2)).succeeds("two", id, grip(2, 2), 7);
    // Whoever killed it comes to say so when others know of it already.
    told.dies("one").drained().is_fine();
    let mut told = super::told();
    told.by("one", Event::Alive { until: 300 * MS, holder: 1 });
    told.accepted(id).starts("one", id, grip(1, 1)).dies("one").starts("two", id, grip(2, 2));
    told.succeeds("two", id, grip(2, 2), 7).drained().is_fine();
}

#[test]
fn a5_the_lease_of_a_process_that_dies_later_is_its_own() {
    let id = JobId::new();
    let mut told = told();
    told.by("one", Event::Alive { until: 300 * MS, holder: 1 });
    told.accepted(id).starts("one", id, grip(1, 1)).starts("two", id, grip(2, 2)).succeeds("two", id, grip(2, 2), 7);
    told.by("one", Event::Unanswered { why: "it lives".to_owned() }).dies("one").drained();
    told.breaks(Invariant::A5, "one had a lease");
}
