//! [`History`]: which worker has which job, and what came of it.
//!
//! It has a limit, and the oldest goes first. In a durable mode it outlives the process, in `jobs.history`: a worker that is
//! about to be sent a job stands there before it is sent, so that the next process knows who may have it.

mod delivery;
mod journal;
mod kept;
mod record;

use std::io;
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::watch;
use url::Url;

pub(super) use delivery::{Delivery, DeliveryId};

use super::error::{LineError, OpenError};
use super::item::Item;
use super::token::Token;
use crate::id::JobId;
use crate::sync::{Arc, Mutex, lock};
use journal::Journal;
use kept::Kept;

#[derive(Debug, Default)]
pub(super) struct History {
    kept: Mutex<Kept>,
    changed: watch::Sender<()>,
    // How many bytes of the file are on the disk. Who syncs it has this.
    synced: tokio::sync::Mutex<u64>,
}

/// What is known of a job that was offered.
#[derive(Clone, Debug)]
pub(super) struct Past {
    /// Of the worker that was offered it last.
    pub(super) token: Token,
    pub(super) assigned: SystemTime,
    pub(super) end: Option<End>,
    // In the file, and perhaps not yet on the disk.
    ending: Option<End>,
}

/// How a job ended.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) at: SystemTime,
    /// JSON, as the worker sent it.
    pub(super) result: Bytes,
}

/// A job that was on its way when a process ended: its worker has it, or not.
#[derive(Clone, Debug)]
pub(super) struct Unclear {
    pub(super) delivery: DeliveryId,
    pub(super) token: Token,
    pub(super) job: Item,
    /// Where the worker can be asked.
    pub(super) callback: Option<Url>,
    /// Its place in the line of workers, if it stood there.
    pub(super) worker: Option<JobId>,
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
    /// The disk has refused it.
    NotStored,
}

impl History {
    /// The history of a directory, and what was on its way when its last process ended.
    pub(super) fn open(directory: &Path) -> Result<(Self, Vec<Unclear>), OpenError> {
        let path = directory.join("jobs.history");
        let opened = Journal::open(&path).map_err(|source| OpenError::Io { path: path.clone(), source })?;
        let (journal, lines) = opened;
        let (kept, unclear) = Kept::read(journal, &lines).map_err(|source| OpenError::Unreadable { path, source })?;
        Ok((Self { kept: Mutex::new(kept), ..Self::default() }, unclear))
    }

    /// A job is about to be sent to a worker: to this URL, if it has one, and to this one in the line, if it stood there.
    pub(super) fn offer(
        self: &Arc<Self>,
        job: &Item,
        worker: Option<(Option<JobId>, &Url)>,
    ) -> Result<Delivery, LineError> {
        let (id, token) = (DeliveryId::new(), Token::new());
        let noted = lock(&self.kept).offer(id, token, job, worker);
        noted.map_err(|error| {
            tracing::error!(target: "job_orch", %error, "a job is not sent, because it cannot be noted");
            LineError::Store { line: "jobs", reason: error.to_string() }
        })?;
        self.tidy();
        self.has_changed();
        Ok(Delivery::new(Arc::clone(self), id, token, job.id))
    }

    /// What was on its way when a process ended is so again.
    pub(super) fn resume(self: &Arc<Self>, unclear: &Unclear) -> Delivery {
        Delivery::new(Arc::clone(self), unclear.delivery, unclear.token, unclear.job.id)
    }

    /// It has arrived, or not.
    fn close(&self, job: JobId, delivery: DeliveryId, is_given: bool) {
        if let Err(error) = lock(&self.kept).close(job, delivery, is_given) {
            tracing::warn!(target: "job_orch", %error, "killed now, it would ask a worker again whether it has a job");
        }
        self.has_changed();
    }

    /// Takes the result of a worker, and keeps it. Goes on if it is dropped early.
    pub(super) async fn end(self: &Arc<Self>, id: JobId, token: &Token, result: Bytes) -> Result<(), NotTaken> {
        lock(&self.kept).check(id, token)?;
        let (history, token) = (Arc::clone(self), *token);
        let ended = tokio::spawn(async move { history.write_end(id, &token, result).await });
        ended.await.unwrap_or(Err(NotTaken::NotStored))
    }

    async fn write_end(self: &Arc<Self>, id: JobId, token: &Token, result: Bytes) -> Result<(), NotTaken> {
        let end = End { at: SystemTime::now(), result };
        let not_stored = |error: io::Error| {
            tracing::error!(target: "job_orch", %error, "a result was not kept");
            NotTaken::NotStored
        };
        let written = {
            let mut kept = lock(&self.kept);
            kept.check(id, token)?;
            kept.begin_end(id, &end).map_err(not_stored)?
        };
        let synced = self.sync(written).await;
        let mut kept = lock(&self.kept);
        kept.end_end(id, token, synced.is_ok().then_some(end));
        drop(kept);
        self.tidy();
        self.has_changed();
        synced.map_err(not_stored)
    }

    /// Waits until so much of the file is on the disk. One waits for all who have added something meanwhile.
    async fn sync(&self, added: u64) -> io::Result<()> {
        let mut synced = self.synced.lock().await;
        if *synced >= added {
            return Ok(());
        }
        let now = lock(&self.kept).journal.as_ref().map(|journal| (journal.file(), journal.added()));
        let Some((file, all)) = now else { return Ok(()) };
        tokio::task::spawn_blocking(move || file.sync_data()).await.map_err(io::Error::other)??;
        *synced = all;
        Ok(())
    }

    /// Has the file written anew, where it is much larger than what it says.
    fn tidy(self: &Arc<Self>) {
        let Some((anew, picture)) = lock(&self.kept).begin_anew() else { return };
        let history = Arc::clone(self);
        // Nobody waits for it.
        drop(tokio::task::spawn_blocking(move || {
            let new = anew.write(picture.lines());
            let ended = lock(&history.kept).journal.as_mut().map(|journal| journal.end_anew(&anew, new));
            if let Some(Err(error)) = ended {
                tracing::warn!(target: "job_orch", %error, "the file of the history grows");
            }
        }));
    }

    pub(super) fn find(&self, id: JobId) -> Option<Past> {
        lock(&self.kept).find(id).cloned()
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

#[cfg(test)]
mod tests {
    use super::kept::{MOST, MOST_BYTES};
    use super::*;

    fn job() -> Item {
        Item::job("1")
    }

    fn offer(history: &Arc<History>, job: &Item) -> Token {
        let Ok(delivery) = history.offer(job, None) else { unreachable!("there is nothing that could fail") };
        let token = *delivery.token();
        delivery.given();
        token
    }

    #[tokio::test]
    async fn the_oldest_go_first_in_number_and_in_bytes() {
        let history = Arc::new(History::default());
        let jobs: Vec<Item> = (0..=MOST).map(|_| job()).collect();
        let tokens: Vec<Token> = jobs.iter().map(|job| offer(&history, job)).collect();
        let find = |number: usize| history.find(jobs[number].id);
        assert!(find(0).is_none() && find(1).is_some());
        let large = Bytes::from(vec![b'1'; MOST_BYTES / 2 + 1]);
        assert_eq!(history.end(jobs[5].id, &tokens[5], large.clone()).await, Ok(()));
        assert_eq!(history.end(jobs[9].id, &tokens[9], large).await, Ok(()));
        assert!(find(5).is_none() && find(9).is_some());
        assert_eq!(lock(&history.kept).bytes, MOST_BYTES / 2 + 1);
    }

    #[tokio::test]
    async fn only_the_last_worker_ends_a_job_and_only_once() {
        let (history, job) = (Arc::new(History::default()), job());
        let first = offer(&history, &job);
        let second = offer(&history, &job);
        let result = || Bytes::from_static(b"1");
        assert_eq!(history.end(job.id, &first, result()).await, Err(NotTaken::Token));
        assert_eq!(history.end(JobId::new(), &second, result()).await, Err(NotTaken::Unknown));
        assert_eq!(history.end(job.id, &second, result()).await, Ok(()));
        assert_eq!(history.end(job.id, &second, result()).await, Err(NotTaken::Ended));
    }

    fn reopen(directory: &Path) -> (Arc<History>, Vec<Unclear>) {
        match History::open(directory) {
            Ok((history, unclear)) => (Arc::new(history), unclear),
            Err(error) => unreachable!("{error}"),
        }
    }

    #[tokio::test]
    async fn a_file_written_anew_says_the_same_and_what_came_meanwhile() {
        let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
        let (history, _) = reopen(folder.path());
        let (ended, large, open) = (job(), job(), job());
        let token = offer(&history, &ended);
        let text = Bytes::from(format!("\"{}\"", "x".repeat(60 << 10)));
        for _ in 0..3 {
            // Each offer forgets the result of the one before.
            let token = offer(&history, &large);
            assert_eq!(history.end(large.id, &token, text.clone()).await, Ok(()));
        }
        assert_eq!(history.end(ended.id, &token, Bytes::from_static(b"42")).await, Ok(()));
        let Ok(delivery) = history.offer(&open, None) else { unreachable!("there is room") };
        let file = folder.path().join("jobs.history");
        while std::fs::metadata(&file).is_ok_and(|file| file.len() > 150 << 10) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let (again, unclear) = reopen(folder.path());
        let result = |id| again.find(id).and_then(|past| past.end).map(|end| end.result);
        assert_eq!(result(ended.id).as_deref(), Some(&b"42"[..]));
        assert_eq!(result(large.id).map(|result| result.len()), Some(text.len()));
        assert_eq!(unclear.iter().map(|unclear| unclear.job.id).collect::<Vec<_>>(), [open.id]);
        delivery.not_given();
        assert!(reopen(folder.path()).1.is_empty());
    }

    #[tokio::test]
    async fn a_result_that_is_being_synced_is_in_the_file_written_anew() {
        use std::os::unix::fs::MetadataExt as _;
        let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
        let ((history, _), job) = (reopen(folder.path()), job());
        let number = || std::fs::metadata(folder.path().join("jobs.history")).map(|file| file.ino()).ok();
        let (before, token) = (number(), offer(&history, &job));
        let text = format!("\"{}\"", "x".repeat(80 << 10));
        let end = End { at: SystemTime::now(), result: text.clone().into() };
        let begun = lock(&history.kept).begin_end(job.id, &end);
        history.tidy();
        while number() == before {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert!(history.sync(begun.unwrap_or_default()).await.is_ok());
        lock(&history.kept).end_end(job.id, &token, Some(end));
        let ended = reopen(folder.path()).0.find(job.id).and_then(|past| past.end);
        assert!(ended.is_some_and(|end| end.result == text));
    }

    #[tokio::test]
    async fn a_torn_end_is_cut_off_and_damage_before_it_is_refused() {
        let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
        let file = folder.path().join("jobs.history");
        let (first, second) = (job(), job());
        {
            let (history, _) = reopen(folder.path());
            offer(&history, &first);
            offer(&history, &second);
        }
        let Ok(whole) = std::fs::read_to_string(&file) else { unreachable!("it is there") };
        let torn: [&[u8]; 5] =
            [b"{\"Off", b"{\"Offered\":{}}\n", b"\0\0\n\0", b"{\"Off\xc3", b"\"\xc3\"\n\xff\n\xe2\x88"];
        for torn in torn {
            assert!(std::fs::write(&file, [whole.as_bytes(), torn].concat()).is_ok());
            let (history, unclear) = reopen(folder.path());
            assert!(history.find(first.id).is_some() && history.find(second.id).is_some() && unclear.is_empty());
            drop(history);
            assert_eq!(std::fs::read_to_string(&file).ok().as_ref(), Some(&whole));
        }
        let damaged = [whole.replacen("token", "taken", 1).into_bytes(), [b"\xff\n", whole.as_bytes()].concat()];
        for damaged in damaged {
            assert!(std::fs::write(&file, &damaged).is_ok());
            assert!(matches!(History::open(folder.path()), Err(OpenError::Unreadable { path, .. }) if path == file));
            assert_eq!(std::fs::read(&file).ok().as_ref(), Some(&damaged), "it is left as it is");
        }
    }
}
