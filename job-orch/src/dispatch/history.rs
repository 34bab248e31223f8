//! [`History`]: which worker has which job, and what came of it.
//!
//! It is kept in memory, up to a limit, and ends with the process: what is durable is the line.

use std::collections::{HashMap, VecDeque};
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::watch;

use super::token::Token;
use crate::id::JobId;
use crate::sync::{Mutex, lock};

/// So many jobs that have left the line are remembered, and so many bytes of results.
const MOST: usize = 10_000;
const MOST_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct History {
    kept: Mutex<Kept>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Kept {
    jobs: HashMap<JobId, Past>,
    // Oldest first.
    order: VecDeque<JobId>,
    bytes: usize,
}

/// What is known of a job that was offered.
#[derive(Clone, Debug)]
pub(super) struct Past {
    /// Of the worker that was offered it last.
    pub(super) token: Token,
    pub(super) assigned: SystemTime,
    pub(super) end: Option<End>,
}

/// How a job ended.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) at: SystemTime,
    /// JSON, as the worker sent it.
    pub(super) result: Bytes,
}

/// Why a result was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// Nobody has been offered such a job.
    Unknown,
    /// The token is not that of the last worker that was offered it.
    Token,
    /// It has a result.
    Ended,
}

impl History {
    /// The job is about to be sent to a worker. Returns that worker's token.
    pub(super) fn offer(&self, id: JobId) -> Token {
        let token = Token::new();
        let past = Past { token, assigned: SystemTime::now(), end: None };
        let mut kept = lock(&self.kept);
        if kept.jobs.insert(id, past).is_none() {
            kept.order.push_back(id);
            kept.trim();
        }
        drop(kept);
        self.has_changed();
        token
    }

    /// Takes the result of a worker.
    pub(super) fn end(&self, id: JobId, token: &Token, result: Bytes) -> Result<(), NotTaken> {
        let mut kept = lock(&self.kept);
        let past = kept.jobs.get_mut(&id).ok_or(NotTaken::Unknown)?;
        if !past.token.is(token) {
            return Err(NotTaken::Token);
        }
        if past.end.is_some() {
            return Err(NotTaken::Ended);
        }
        let size = result.len();
        past.end = Some(End { at: SystemTime::now(), result });
        kept.bytes += size;
        kept.trim();
        drop(kept);
        self.has_changed();
        Ok(())
    }

    pub(super) fn find(&self, id: JobId) -> Option<Past> {
        lock(&self.kept).jobs.get(&id).cloned()
    }

    /// Tells when a job was offered, or has ended.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn has_changed(&self) {
        if self.changed.receiver_count() > 0 {
            self.changed.send_replace(());
        }
    }
}

impl Kept {
    fn trim(&mut self) {
        while self.jobs.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.order.pop_front() else { return };
            let end = self.jobs.remove(&oldest).and_then(|past| past.end);
            self.bytes -= end.map_or(0, |end| end.result.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_in_number_and_in_bytes() {
        let history = History::default();
        let ids: Vec<JobId> = (0..=MOST).map(|_| JobId::new()).collect();
        let tokens: Vec<Token> = ids.iter().map(|id| history.offer(*id)).collect();
        assert!(history.find(ids[0]).is_none() && history.find(ids[1]).is_some());
        let large = Bytes::from(vec![b'1'; MOST_BYTES / 2 + 1]);
        assert_eq!(history.end(ids[5], &tokens[5], large.clone()), Ok(()));
        assert_eq!(history.end(ids[9], &tokens[9], large), Ok(()));
        assert!(history.find(ids[5]).is_none() && history.find(ids[9]).is_some());
        assert_eq!(lock(&history.kept).bytes, MOST_BYTES / 2 + 1);
    }

    #[test]
    fn only_the_last_worker_ends_a_job_and_only_once() {
        let (history, id) = (History::default(), JobId::new());
        let first = history.offer(id);
        let second = history.offer(id);
        let result = || Bytes::from_static(b"1");
        assert_eq!(history.end(id, &first, result()), Err(NotTaken::Token));
        assert_eq!(history.end(JobId::new(), &second, result()), Err(NotTaken::Unknown));
        assert_eq!(history.end(id, &second, result()), Ok(()));
        assert_eq!(history.end(id, &second, result()), Err(NotTaken::Ended));
    }
}
