//! Each invariant with a history that breaks it, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod answers;
mod bounds;
mod idle;
mod keys;
mod leases;
mod losses;
mod records;
mod runs;

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
