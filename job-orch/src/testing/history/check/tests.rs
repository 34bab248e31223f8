//! Each invariant with a history that breaks it, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use std::time::Duration;

use crate::id::JobId;
use crate::testing::history::{
    End, Entry, Event, FaultKind, Grip, History, Interest, Invariant, Promises, Rejected, Summary,
};

const MS: u64 = 1000;

/// A history that is written down line by line, a millisecond each.
#[derive(Default)]
struct Told {
    entries: Vec<Entry>,
    now: u64,
}

impl Told {
    fn by(&mut self, process: &str, event: Event) -> &mut Self {
        self.now += MS;
        let seq = self.entries.len() as u64;
        self.entries.push(Entry { at: self.now, process: process.to_owned(), seq, event });
        self
    }

    fn later(&mut self, by: Duration) -> &mut Self {
        self.now += u64::try_from(by.as_micros()).unwrap();
        self
    }

    /// A request that was sent and accepted.
    fn accepted(&mut self, id: JobId) -> &mut Self {
        self.by("sender", Event::sent(id)).by("sender", Event::Accepted { id })
    }

    fn starts(&mut self, process: &str, id: JobId, grip: Grip) -> &mut Self {
        self.by(process, Event::Started { id, grip })
    }

    fn succeeds(&mut self, process: &str, id: JobId, grip: Grip, hash: u64) -> &mut Self {
        let end = End::Ok { hash };
        self.by(process, Event::Finished { id, grip, end }).by(process, Event::Recorded { id, grip, end })
    }

    fn retries(&mut self, process: &str, id: JobId, grip: Grip) -> &mut Self {
        let end = End::Failed;
        self.by(process, Event::Finished { id, grip, end });
        self.by(process, Event::Recorded { id, grip, end: End::Retry { after: 1 } })
    }

    fn dies(&mut self, process: &str) -> &mut Self {
        self.by("harness", Event::Fault { fault: FaultKind::Killed, target: process.to_owned() })
    }

    fn drained(&mut self) -> &mut Self {
        self.by("harness", Event::Drained)
    }

    fn judged(&self, promises: &Promises) -> Result<Summary, Rejected> {
        History::new(self.entries.clone()).check(promises)
    }

    #[track_caller]
    fn is_fine(&self) -> Summary {
        self.judged(&Promises::new().attempts(5).idle(Duration::from_secs(1))).unwrap_or_else(|error| panic!("{error}"))
    }

    /// It breaks this one and no other.
    #[track_caller]
    fn breaks(&self, invariant: Invariant, words: &str) {
        let promises = Promises::new().attempts(5).idle(Duration::from_secs(1));
        let Err(Rejected::Broken(broken)) = self.judged(&promises) else { panic!("it was accepted") };
        assert!(broken.iter().all(|violation| violation.invariant == invariant), "{}", Rejected::Broken(broken));
        assert!(broken[0].what.contains(words), "{}", broken[0].what);
        if let Some(id) = broken[0].id {
            assert!(!broken[0].timeline.is_empty());
            assert!(broken[0].timeline.iter().all(|entry| entry.event.id() == Some(id)), "only its own timeline");
        }
    }
}

fn told() -> Told {
    Told::default()
}

const fn grip(fence: u64, attempt: u32) -> Grip {
    Grip { fence, attempt }
}

#[test]
fn a_history_of_kills_and_repeats_is_accepted() {
    let (a, b, c) = (JobId::new(), JobId::new(), JobId::new());
    let mut told = told();
    told.accepted(a).starts("one", a, grip(1, 1)).retries("one", a, grip(1, 1)).starts("one", a, grip(2, 2));
    told.dies("one").starts("two", a, grip(3, 3)).succeeds("two", a, grip(3, 3), 7);
    told.accepted(b).starts("two", b, grip(1, 1)).by("two", Event::Returned { id: b, grip: grip(1, 1) });
    told.starts("three", b, grip(2, 1)).succeeds("three", b, grip(2, 1), 8);
    // Its sender did not live to hear that it was accepted.
    told.by("sender", Event::sent(c)).starts("three", c, grip(1, 1)).succeeds("three", c, grip(1, 1), 9);
    for (id, hash) in [(a, 7), (b, 8), (c, 9)] {
        told.by("harness", Event::Stored { id, end: End::Ok { hash } });
    }
    let summary = told.drained().is_fine();
    assert_eq!((summary.accepted, summary.recovered, summary.done, summary.runs), (2, 1, 3, 6));
    assert_eq!((summary.repeated, summary.faults[&FaultKind::Killed]), (2, 1));
}

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

#[test]
fn a_history_in_which_nothing_happened_is_refused() {
    let dull = |told: &Told, promises: &Promises| match told.judged(promises) {
        Err(Rejected::Dull(missing)) => missing,
        other => panic!("{other:?}"),
    };
    let mut told = told();
    assert_eq!(dull(&told, &Promises::new()).len(), 2, "nothing was accepted, and nothing was drained");
    let id = JobId::new();
    told.accepted(id).starts("one", id, grip(1, 1)).succeeds("one", id, grip(1, 1), 7).drained().is_fine();
    let interest = Interest::of_faults([FaultKind::Killed]).requests(2).events(["answered"]);
    let missing = dull(&told, &Promises::new().interest(interest)).join("; ");
    for word in ["accepted", "late ends", "several runs", "Killed", "`answered`"] {
        assert!(missing.contains(word), "{missing}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    use crate::testing::history::Recorder;
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Recorder::append(folder.path(), "one").unwrap(), Recorder::append(folder.path(), "two").unwrap());
    let id = JobId::new();
    one.note(Event::Sent { id, key: Some("key".to_owned()), lane: None, delay: 5, is_call: true });
    two.note(Event::Finished { id, grip: grip(1, 1), end: End::Ok { hash: u64::MAX } });
    one.note(Event::Fault { fault: FaultKind::PowerCut, target: String::new() });
    let file = folder.path().join("one.jsonl");
    std::fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"at\":1,\"proc").unwrap();
    let history = History::read(folder.path()).unwrap();
    let words: Vec<&str> = history.entries().iter().map(|entry| entry.event.word()).collect();
    assert_eq!(words, ["sent", "finished", "fault"], "a line that was cut off is none");
    assert_eq!(history.entries()[1].event, Event::Finished { id, grip: grip(1, 1), end: End::Ok { hash: u64::MAX } });
    std::fs::write(&file, "nonsense\n").unwrap();
    assert!(History::read(folder.path()).unwrap_err().to_string().contains("line 1"));
}
