//! [`Table`]: the processes that a coordinator knows, and how long it remembers those that have ended.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::entry::Entry;
use crate::id::JobId;
use crate::sync::{Arc, Mutex, Weak, lock};

/// The processes of a coordinator.
#[derive(Debug)]
pub(super) struct Table {
    known: Mutex<Known>,
    remember: Remember,
    /// Something has ended.
    finished: Notify,
}

/// How long processes that have ended are remembered, and how many of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remember {
    pub(super) time: Duration,
    pub(super) count: usize,
}

#[derive(Debug, Default)]
struct Known {
    entries: HashMap<JobId, Arc<Entry>>,
    running: usize,
    // In the order in which they have ended, and when they are forgotten.
    ended: VecDeque<(Instant, JobId)>,
    is_swept: bool,
}

impl Table {
    pub(super) fn new(remember: Remember) -> Self {
        Self { known: Mutex::default(), remember, finished: Notify::new() }
    }

    pub(super) fn find(&self, id: JobId) -> Option<Arc<Entry>> {
        lock(&self.known).entries.get(&id).cloned()
    }

    /// Those that run.
    pub(super) fn running(&self) -> Vec<Arc<Entry>> {
        lock(&self.known).entries.values().filter(|entry| !entry.has_ended()).cloned().collect()
    }

    /// All of them, the earliest first.
    pub(super) fn all(&self) -> Vec<JobId> {
        let mut all: Vec<_> = lock(&self.known).entries.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// One more runs. Starts the task that forgets, if nobody has.
    pub(super) fn add(self: &Arc<Self>, entry: Arc<Entry>) {
        let mut known = lock(&self.known);
        known.running += 1;
        known.entries.insert(entry.id, entry);
        let is_swept = std::mem::replace(&mut known.is_swept, true);
        drop(known);
        if !is_swept {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// One has ended. It is remembered for a while.
    pub(super) fn finish(&self, id: JobId) {
        let at = crate::span::from_now(self.remember.time);
        let mut known = lock(&self.known);
        known.running -= 1;
        known.ended.push_back((at, id));
        let forgotten = known.forget(|known, _| known.ended.len() > self.remember.count);
        drop(known);
        drop(forgotten);
        self.finished.notify_waiters();
    }

    /// Forgets one that has ended; whether there was one.
    pub(super) fn forget(&self, id: JobId) -> bool {
        let mut known = lock(&self.known);
        let Some(place) = known.ended.iter().position(|(_, ended)| *ended == id) else { return false };
        known.ended.remove(place);
        let forgotten = known.entries.remove(&id);
        drop(known);
        forgotten.is_some()
    }

    /// Waits until none runs.
    pub(super) async fn idle(&self) {
        loop {
            let finished = self.finished.notified();
            tokio::pin!(finished);
            finished.as_mut().enable();
            if lock(&self.known).running == 0 {
                return;
            }
            finished.await;
        }
    }
}

impl Known {
    /// Takes out those at the front, as long as it must be.
    fn forget(&mut self, must: impl Fn(&Self, Instant) -> bool) -> Vec<Arc<Entry>> {
        let mut forgotten = Vec::new();
        while let Some((at, id)) = self.ended.front().copied() {
            if !must(self, at) {
                break;
            }
            self.ended.pop_front();
            forgotten.extend(self.entries.remove(&id));
        }
        forgotten
    }
}

/// Forgets those whose time is up, as long as anybody knows the table.
async fn sweep(table: Weak<Table>) {
    loop {
        let Some(strong) = table.upgrade() else { return };
        let now = Instant::now();
        let (forgotten, next) = {
            let mut known = lock(&strong.known);
            (known.forget(|_, at| at <= now), known.ended.front().map(|(at, _)| *at))
        };
        drop((forgotten, strong));
        // A process that ends meanwhile is due later than all that have ended before it.
        tokio::time::sleep_until(next.unwrap_or(now + PAUSE).min(now + PAUSE)).await;
    }
}

/// The longest pause of the task that forgets: so long it may hold what nobody knows any more.
const PAUSE: Duration = Duration::from_secs(1);
