//! What callers get (A1, A2).

use super::{grip, told};
use crate::id::JobId;
use crate::testing::history::{End, Event, Invariant};

#[test]
fn a1_a_caller_that_is_never_answered() {
    let id = JobId::new();
    let mut told = told();
    told.by("caller", Event::Sent { id, key: None, lane: None, delay: 0, is_call: true });
    told.by("caller", Event::Accepted { id }).starts("one", id, grip(1, 1)).succeeds("one", id, grip(1, 1), 7);
    told.drained().breaks(Invariant::A1, "waits for an answer");
    told.dies("caller").is_fine();
}

#[test]
fn a1_a_caller_that_is_answered_twice() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1)).succeeds("one", id, grip(1, 1), 7);
    told.by("sender", Event::Answered { id, hash: 7 }).drained().is_fine();
    told.by("sender", Event::Answered { id, hash: 7 }).breaks(Invariant::A1, "answered twice");
}

#[test]
fn a2_a_success_without_a_run() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).starts("one", id, grip(1, 1)).dies("one");
    told.by("harness", Event::Stored { id, end: End::Ok { hash: 7 } })
        .drained()
        .breaks(Invariant::A2, "no run ended well");
}

#[test]
fn a2_an_answer_without_a_run() {
    let id = JobId::new();
    let mut told = told();
    told.accepted(id).by("sender", Event::Answered { id, hash: 7 });
    told.by("harness", Event::Stored { id, end: End::Failed }).drained().breaks(Invariant::A2, "no run ended well");
}
