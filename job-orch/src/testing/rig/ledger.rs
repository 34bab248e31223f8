//! What waits and what runs, for a test that asks.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::id::JobId;
use crate::span::from_now;

/// Every request that has not ended.
#[derive(Debug)]
pub(in crate::testing) struct Ledger(watch::Sender<Book>);

#[derive(Debug, Default)]
pub(in crate::testing) struct Book {
    requests: BTreeMap<JobId, Line>,
    /// Runs that came to an end, also to be tried again.
    pub(in crate::testing) settled: u64,
}

#[derive(Debug)]
struct Line {
    job: &'static str,
    bytes: Vec<u8>,
    due: Instant,
    is_running: bool,
}

impl Default for Ledger {
    fn default() -> Self {
        Self(watch::Sender::new(Book::default()))
    }
}

impl Ledger {
    pub(super) fn accepted(&self, job: &'static str, id: JobId, bytes: Vec<u8>, delay: Duration) {
        let line = Line { job, bytes, due: from_now(delay), is_running: false };
        // It may run already.
        self.0.send_modify(|book| {
            book.requests.entry(id).or_insert(line);
        });
    }

    pub(super) fn started(&self, job: &'static str, id: JobId, bytes: Vec<u8>) {
        let line = Line { job, bytes, due: Instant::now(), is_running: true };
        self.0.send_modify(|book| drop(book.requests.insert(id, line)));
    }

    /// It has ended, or is to run again after this time.
    pub(super) fn settled(&self, id: JobId, again: Option<Duration>) {
        self.0.send_modify(|book| {
            book.settled += 1;
            match (again, book.requests.get_mut(&id)) {
                (Some(after), Some(line)) => (line.due, line.is_running) = (from_now(after), false),
                _ => drop(book.requests.remove(&id)),
            }
        });
    }

    pub(super) fn gone(&self, id: JobId) {
        self.0.send_modify(|book| drop(book.requests.remove(&id)));
    }

    /// The requests of a job that wait, as bytes, in the order in which they were made.
    pub(in crate::testing) fn waiting(&self, job: &str) -> Vec<(JobId, Vec<u8>)> {
        let waits = |line: &Line| line.job == job && !line.is_running;
        let book = self.0.borrow();
        book.requests.iter().filter(|(_, line)| waits(line)).map(|(id, line)| (*id, line.bytes.clone())).collect()
    }

    /// Whether a request of the job, or of any, waits and is due.
    pub(in crate::testing) fn has_due(&self, job: Option<&str>) -> bool {
        let now = Instant::now();
        let is_due = |line: &Line| !line.is_running && line.due <= now && job.is_none_or(|job| line.job == job);
        self.0.borrow().requests.values().any(is_due)
    }

    /// Whether any request runs.
    pub(in crate::testing) fn is_busy(&self) -> bool {
        self.0.borrow().requests.values().any(|line| line.is_running)
    }

    pub(in crate::testing) fn watch(&self) -> watch::Receiver<Book> {
        self.0.subscribe()
    }
}
