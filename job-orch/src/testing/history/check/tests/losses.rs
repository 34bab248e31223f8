//! What is missing in the end (A6).

use super::{grip, told};
use crate::id::JobId;
use crate::testing::history::{End, Event, Invariant, Promises, Rejected};

#[test]
fn a6_a_request_that_is_lost() {
    let (lost, kept) = (JobId::new(), JobId::new());
    let mut told = told();
    told.accepted(lost).accepted(kept).starts("one", kept, grip(1, 1)).succeeds("one", kept, grip(1, 1), 7);
    told.drained().breaks(Invariant::A6, "is lost");
}

#[test]
fn a6_an_end_that_is_lost() {
    let (lost, kept) = (JobId::new(), JobId::new());
    let mut told = told();
    for (id, hash) in [(lost, 6), (kept, 7)] {
        told.accepted(id).starts("one", id, grip(1, 1)).succeeds("one", id, grip(1, 1), hash);
    }
    told.by("harness", Event::Stored { id: kept, end: End::Ok { hash: 7 } }).drained();
    told.breaks(Invariant::A6, "its end was recorded, and is lost");
}

#[test]
fn a6_a_request_from_nowhere() {
    let mut told = told();
    told.accepted(JobId::new()).by("harness", Event::Stored { id: JobId::new(), end: End::Dead }).drained();
    let Err(Rejected::Broken(broken)) = told.judged(&Promises::new()) else { panic!() };
    assert!(broken.iter().any(|violation| violation.what.contains("nobody sent")), "{broken:?}");
}

#[test]
fn a6_an_end_that_was_heard_and_is_lost() {
    let (lost, kept) = (JobId::new(), JobId::new());
    let mut told = told();
    // Its sender and its worker did not live to tell.
    told.by("sender", Event::sent(lost)).starts("one", lost, grip(1, 1));
    told.by("one", Event::Finished { id: lost, grip: grip(1, 1), end: End::Ok { hash: 6 } });
    told.by("listener", Event::Heard { id: lost, end: End::Ok { hash: 6 } });
    told.accepted(kept).starts("one", kept, grip(1, 1)).succeeds("one", kept, grip(1, 1), 7);
    told.by("harness", Event::Stored { id: kept, end: End::Ok { hash: 7 } }).drained();
    told.breaks(Invariant::A6, "its end was heard, and is lost");
}
