//! What happened to each request, as the processes saw it, and whether that is what was promised.
//!
//! Every process writes what it sees by a [`Recorder`] of its own, into a folder that outlives them all: they may be killed
//! at any moment. [`History::read`] merges what they wrote, and [`History::check`] judges it in one pass by the invariants
//! A1 to A12 ([`Invariant`]). A history in which too little happened is refused as well: it proves nothing.
//!
//! ```
//! use job_orch::JobId;
//! use job_orch::testing::history::{End, Event, Grip, History, Invariant, Promises, Recorder, Rejected};
//!
//! let recorder = Recorder::in_memory("worker");
//! let (id, first) = (JobId::new(), Grip::attempt(1));
//! recorder.note(Event::sent(id));
//! recorder.note(Event::Accepted { id });
//! recorder.note(Event::Started { id, grip: first });
//! recorder.note(Event::Recorded { id, grip: first, end: End::Ok { hash: 7 } });
//! recorder.note(Event::Drained);
//!
//! // A success, but the job was never seen to end well.
//! let Err(Rejected::Broken(broken)) = History::new(recorder.entries()).check(&Promises::new()) else { panic!() };
//! assert_eq!(broken[0].invariant, Invariant::A2);
//! ```

mod check;
mod event;
mod interest;
mod read;
mod recorder;
mod verdict;

pub use event::{End, Entry, Event, FaultKind, Grip, fingerprint};
pub use interest::Interest;
pub use read::{History, ReadError};
pub use recorder::Recorder;
pub use verdict::{Invariant, Promises, Rejected, Summary, Violation};
