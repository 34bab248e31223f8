//! [`History`]: which worker has which job, and what came of it.
//!
//! It has a limit, and the oldest goes first. In a durable mode it outlives the process, in `jobs.history`: a worker that is
//! about to be sent a job stands there before it is sent, so that the next process knows who may have it. Where the job leaves
//! a file before that, it stands there too, on the disk, so that there is no moment in which the disk has it nowhere.

mod awaited;
mod delivery;
mod journal;
mod kept;
mod names;
mod picture;
mod record;
mod takes;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::watch;
use url::Url;

pub(super) use delivery::{Delivery, DeliveryId, Lost};
pub(super) use takes::{Take, TakeKey};

use super::error::{LineError, OpenError};
use super::item::Item;
use super::token::Token;
use crate::id::JobId;
use crate::sync::{Arc, Mutex, lock};
use awaited::{Awaited, Waiting};
use journal::Journal;
use kept::Kept;

#[derive(Debug, Default)]
pub(super) struct History {
    kept: Mutex<Kept>,
    changed: watch::Sender<()>,
    awaited: Awaited,
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
    // It has not arrived: the job is another worker's, as soon as there is one.
    is_lost: bool,
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
    /// How the worker named its request, if that is remembered: it asks for the same again, if it has got no answer.
    pub(super) take: Option<TakeKey>,
    /// The file of its line may not hold it any more: what is here stands for it.
    pub(super) has_left: bool,
    /// Its worker has sent a result, and so had it.
    pub(super) has_ended: bool,
}

/// Who is sent a job.
#[derive(Clone, Copy, Debug)]
pub(super) enum To<'a> {
    /// A worker in line, at this URL.
    Called(JobId, &'a Url),
    /// A worker that has asked for one. It may have said where it can be called, and have named its request.
    Asking(Option<&'a Url>, Option<&'a TakeKey>),
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
    /// It has not arrived, as far as could be told, and is back in its line.
    Back,
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

    /// A job is about to be sent to a worker.
    pub(super) fn offer(self: &Arc<Self>, job: &Item, to: To<'_>) -> Result<Delivery, LineError> {
        self.send(job, to, false)
    }

    /// A job is about to be sent to a worker, and to leave the file of its line before: from here on this stands for it.
    pub(super) fn stand_for(self: &Arc<Self>, job: &Item, to: To<'_>) -> Result<Delivery, LineError> {
        self.send(job, to, true)
    }

    fn send(self: &Arc<Self>, job: &Item, to: To<'_>, leaves: bool) -> Result<Delivery, LineError> {
        let (id, token) = (DeliveryId::new(), Token::new());
        let noted = lock(&self.kept).offer(id, token, job, to, leaves);
        let through = noted.map_err(|error| {
            tracing::error!(target: "job_orch", %error, "a job is not sent, because it cannot be noted");
            LineError::Store { line: "jobs", reason: error.to_string() }
        })?;
        self.tidy();
        self.has_changed();
        Ok(Delivery::new(Arc::clone(self), id, token, job.id, through))
    }

    /// What was on its way when a process ended is so again.
    pub(super) fn resume(self: &Arc<Self>, unclear: &Unclear) -> Delivery {
        Delivery::new(Arc::clone(self), unclear.delivery, unclear.token, unclear.job.id, 0)
    }

    /// It is lost, unless its worker shows that it has it. Returns whether it is.
    fn lose(&self, job: JobId, delivery: DeliveryId, token: &Token) -> bool {
        lock(&self.kept).lose(job, delivery, token)
    }

    /// It has arrived, or is lost.
    fn close(&self, job: JobId, delivery: DeliveryId, is_given: bool) {
        let closed = lock(&self.kept).close(job, delivery, is_given);
        if let Err(error) = closed {
            tracing::warn!(target: "job_orch", %error, "killed now, it would ask a worker again whether it has a job");
        }
        self.has_changed();
    }

    /// A worker is about to stand in line by this name. Of more names than so many, those go whose workers do not stand there.
    /// Returns how much of the file has to be on the disk before this outlives a loss of power.
    pub(super) fn register(
        self: &Arc<Self>,
        worker: JobId,
        key: &TakeKey,
        most: usize,
        stands: impl Fn(JobId) -> bool,
    ) -> io::Result<u64> {
        let noted = lock(&self.kept).register(worker, key, most, stands);
        self.tidy();
        noted
    }

    /// It does not stand there after all.
    pub(super) fn forget_name(&self, worker: JobId) {
        lock(&self.kept).names.remove(worker);
    }

    /// Who stood in line by this name, and was offered no job yet.
    pub(super) fn registered(&self, key: &TakeKey) -> Option<JobId> {
        lock(&self.kept).names.worker(key)
    }

    /// What a worker was sent that named its request so, and asks for again.
    pub(super) fn taken(&self, key: &TakeKey) -> Option<Take> {
        lock(&self.kept).takes.again(key)
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
        self.awaited.wake(id);
        self.has_changed();
        synced.map_err(not_stored)
    }

    /// Waits until so much of the file is on the disk. One waits for all who have added something meanwhile.
    pub(super) async fn sync(&self, added: u64) -> io::Result<()> {
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

    /// To wait for the result of a job, from here on.
    pub(super) fn wait_for(&self, id: JobId) -> Waiting {
        self.awaited.wait(id)
    }

    fn has_changed(&self) {
        if self.changed.receiver_count() > 0 {
            self.changed.send_replace(());
        }
    }
}
