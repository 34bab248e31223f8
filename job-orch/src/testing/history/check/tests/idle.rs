//! Work conservation (A8).

use std::time::Duration;

use super::{grip, told};
use crate::id::JobId;
use crate::testing::history::{Event, FaultKind, Invariant};

#[test]
fn a8_a_ready_request_beside_an_idle_worker() {
    let id = JobId::new();
    let mut told = told();
    told.by("one", Event::Began { workers: 1 }).accepted(id).later(Duration::from_secs(2));
    told.starts("one", id, grip(1, 1)).succeeds("one", id, grip(1, 1), 7).drained();
    told.breaks(Invariant::A8, "beside an idle worker");
}

#[test]
fn a8_whoever_is_busy_stopped_or_not_due_is_not_idle() {
    let (busy, waits, late) = (JobId::new(), JobId::new(), JobId::new());
    let mut told = told();
    told.by("one", Event::Began { workers: 1 }).accepted(busy).starts("one", busy, grip(1, 1)).accepted(waits);
    told.later(Duration::from_secs(2)).succeeds("one", busy, grip(1, 1), 7);
    told.by("harness", Event::Fault { fault: FaultKind::Stopped, target: "one".to_owned() });
    told.later(Duration::from_secs(2));
    told.by("harness", Event::Fault { fault: FaultKind::Continued, target: "one".to_owned() });
    told.starts("one", waits, grip(1, 1)).succeeds("one", waits, grip(1, 1), 7);
    told.by("sender", Event::Sent { id: late, key: None, lane: None, delay: 3000, is_call: false });
    told.by("sender", Event::Accepted { id: late }).later(Duration::from_secs(3));
    told.starts("one", late, grip(1, 1)).succeeds("one", late, grip(1, 1), 7).drained().is_fine();
}

#[test]
fn a8_a_machine_that_stood_still_is_not_to_blame() {
    let id = JobId::new();
    let mut told = told();
    told.by("one", Event::Began { workers: 1 }).by("one", Event::Alive { until: 0, holder: 1 }).accepted(id);
    told.later(Duration::from_secs(2));
    told.starts("one", id, grip(1, 1)).succeeds("one", id, grip(1, 1), 7).drained().is_fine();
}
