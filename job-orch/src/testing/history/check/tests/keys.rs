//! Unique keys and lanes (A11, A12).

use super::{grip, told};
use crate::id::JobId;
use crate::testing::history::{Event, Invariant};

fn keyed(id: JobId) -> Event {
    Event::Sent { id, key: Some("key".to_owned()), lane: None, delay: 0, is_call: false }
}

#[test]
fn a11_two_requests_with_one_key() {
    let (first, second) = (JobId::new(), JobId::new());
    let mut told = told();
    told.by("one", keyed(first)).by("two", keyed(second));
    told.by("two", Event::Accepted { id: second }).by("one", Event::Accepted { id: first });
    told.breaks(Invariant::A11, "unique key");
}

#[test]
fn a11_a_key_is_free_after_the_end() {
    let (first, second, third) = (JobId::new(), JobId::new(), JobId::new());
    let mut told = told();
    told.by("one", keyed(first)).by("one", Event::Accepted { id: first });
    told.by("one", keyed(second)).by("one", Event::Duplicate { id: second, of: first });
    told.starts("one", first, grip(1, 1)).succeeds("one", first, grip(1, 1), 7);
    told.by("one", keyed(third)).by("one", Event::Accepted { id: third });
    told.starts("one", third, grip(1, 1)).succeeds("one", third, grip(1, 1), 7).drained().is_fine();
    told.starts("one", second, grip(1, 1)).breaks(Invariant::A11, "dropped as a duplicate");
}

fn laned(id: JobId) -> Event {
    Event::Sent { id, key: None, lane: Some("lane".to_owned()), delay: 0, is_call: false }
}

#[test]
fn a12_a_lane_out_of_order() {
    let (first, second) = (JobId::new(), JobId::new());
    let mut told = told();
    told.by("one", laned(first)).by("one", Event::Accepted { id: first });
    told.by("one", laned(second)).by("one", Event::Accepted { id: second });
    told.starts("one", second, grip(1, 1)).breaks(Invariant::A12, "accepted earlier");
}

#[test]
fn a12_two_of_a_lane_at_once() {
    let (first, second) = (JobId::new(), JobId::new());
    let mut told = told();
    told.by("one", laned(first)).by("one", Event::Accepted { id: first });
    told.by("one", laned(second)).by("one", Event::Accepted { id: second });
    told.starts("one", first, grip(1, 1))
        .starts("two", second, grip(1, 1))
        .breaks(Invariant::A12, "another of its lane");
}
