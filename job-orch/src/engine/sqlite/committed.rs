//! What was committed and nobody was told of: whether it can wait, and how it is told.

use std::time::{Duration, Instant};

use super::error::StoreError;
use super::local::Local;
use super::relay::{MANY, Relay, Watch};
use super::writer::{Promise, Task};
use crate::fault::fault;
use crate::sync::Arc;

/// So long a call waits for its own answer, so that one sync does for both. A job that takes longer costs two.
const PATIENCE: Duration = Duration::from_micros(100);

/// What has been committed, and waits for the disk.
#[derive(Default)]
pub(super) struct Committed {
    pub(super) tasks: Vec<Box<dyn Task>>,
    /// So many requests were handed to workers of this process, since then.
    pub(super) begun: Option<(usize, Instant)>,
    /// Whose responses can be read now, and up to where.
    pub(super) published: Vec<(Arc<Local>, i64)>,
    /// Whose callers may find an answer now, which somebody else has recorded.
    pub(super) news: Vec<Arc<Local>>,
}

impl Committed {
    /// Whether any of it must be on the disk before it is told. So must responses that another process has committed, which
    /// may not have seen to that yet.
    pub(super) fn is_durable(&self) -> bool {
        !self.published.is_empty()
            || self.tasks.iter().any(|task| matches!(task.promise(), Some(Promise::Lasting | Promise::Patient)))
    }

    /// Notes that so many requests were handed to workers of this process.
    pub(super) fn begin(&mut self, count: usize) {
        let (before, since) = self.begun.unwrap_or_else(|| (0, Instant::now()));
        self.begun = Some((before + count, since));
    }

    /// How much longer it may be told later, because all that anybody waits for is answers that are being made.
    pub(super) fn patience(&self) -> Option<Duration> {
        let (begun, since) = self.begun?;
        let waits = self.published.is_empty()
            && !self.tasks.is_empty()
            && self.tasks.len() <= begun
            && self.tasks.iter().all(|task| task.promise() == Some(Promise::Patient));
        if waits { PATIENCE.checked_sub(since.elapsed()) } else { None }
    }

    /// Tells everybody. If they are many, the first of them tells the others, and is to be watched.
    pub(super) fn tell(mut self, synced: Result<(), StoreError>) -> Option<Watch> {
        let first = self.tasks.len().checked_sub(1).filter(|others| *others >= MANY).and_then(|_| self.tasks.pop());
        let Some(first) = first else {
            self.tell_each(&synced);
            return None;
        };
        let (relay, watch) = Relay::new(self, synced.clone());
        first.end(synced, Some(relay));
        Some(watch)
    }

    /// Tells each of them.
    pub(super) fn tell_each(self, synced: &Result<(), StoreError>) {
        fault!("before_answer");
        match synced {
            Ok(()) => {
                self.published.iter().for_each(|(local, position)| local.publish(*position));
                self.news.iter().for_each(|local| local.foreign.notify_one());
            }
            // Nobody knows whether they are on the disk.
            Err(fault) => self.published.iter().for_each(|(local, _)| local.break_off(fault)),
        }
        self.tasks.into_iter().for_each(|task| task.end(synced.clone(), None));
    }
}
