//! What grows, and what fails without an error (A9, A10).

use super::{grip, told};
use crate::id::JobId;
use crate::testing::history::{Event, Invariant};

#[test]
fn a9_a_store_that_grows() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1)).succeeds("one", id, grip(1, 1), 7).drained();
    let measured = |value| Event::Measured { what: "bytes of the store".to_owned(), value, most: 1000 };
    told.by("harness", measured(1000)).is_fine();
    told.by("harness", measured(1001)).breaks(Invariant::A9, "bytes of the store is 1001, and may be 1000");
}

#[test]
fn a10_a_panic() {
    let mut told = told();
    told.accepted(JobId::new()).by("one", Event::Broke { what: "panicked".to_owned() });
    told.breaks(Invariant::A10, "one: panicked");
}
