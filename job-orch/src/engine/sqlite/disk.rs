//! What makes commits last. `SQLite` would wait for the disk inside each commit, and nothing could be done meanwhile. Here a
//! commit only writes to the log beside the file; one sync of that log makes everything last that was committed before it,
//! and only then is anybody told. The next transaction is under way by then.
//!
//! Another process may see a commit before it lasts. What it makes of that stands behind it in the same log, and lasts only
//! together with it.
//!
//! What nobody waits for is synced too, only later: never so much of it lies in the log unsynced that the log would look
//! damaged if a loss of power took a part of it (see `frames`).
//!
//! Nothing else is left to chance: before `SQLite` moves what is in the log to its place, or begins the log anew, it syncs
//! by itself (`synchronous = NORMAL`).

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};

use super::committed::Committed;
use super::error::StoreError;
use super::relay::{SOON, Watch};
use super::work::FEW;
use crate::fault::{fails, fault};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, lock};

/// So large a log is made in advance: to append to a file that must grow costs two writes for each sync, and not one.
const AHEAD: usize = 4 << 20;

/// It is made in such pieces. The kernel keeps a file in memory by the pieces that it was written in, and looks at the whole of
/// one for each write into it: were it made at once, each page that is committed would cost five times as much.
const PIECE: usize = 64 << 10;

/// So many groups may wait for the disk at once. The scan of the log when it is opened relies on there being few.
const MOST: usize = 8;

/// After so many commits that lie in the log unsynced, it is synced while nobody waits; after so many that fast, somebody does.
/// The scan of the log relies on that too.
const SOME: usize = 32;
const MANY: usize = 64;

/// What the disk's thread is asked for.
enum Order {
    Sync(Committed),
    // Of what nobody waits for.
    SyncAll,
    Watch(Watch),
}

/// The way of commits to the disk.
pub(super) struct Disk {
    // None in a test that stays on one thread, where a loss of power may take the last commits.
    log: Option<Arc<Log>>,
    // Whether nobody is told of anything that is not on the disk.
    is_patient: bool,
    thread: Option<(SyncSender<Order>, JoinHandle<()>)>,
}

impl Disk {
    /// Everything happens on the thread that asks, and commits need not last.
    #[cfg(feature = "testing")]
    pub(super) const fn none() -> Self {
        Self { log: None, is_patient: false, thread: None }
    }

    /// Everything happens on the thread that asks.
    #[cfg(feature = "testing")]
    pub(super) fn here(file: &Path) -> io::Result<Self> {
        Ok(Self { log: Some(Arc::new(Log::open(file)?)), is_patient: true, thread: None })
    }

    /// With a thread of its own, for when the writer has more to do. It ends with the writer. Unless it `is_patient`, a loss
    /// of power may take the last commits.
    pub(super) fn spawn(file: &Path, is_patient: bool) -> io::Result<Self> {
        let log = Arc::new(Log::open(file)?);
        let (sender, receiver) = mpsc::sync_channel(MOST);
        let own = Arc::clone(&log);
        let thread = thread::Builder::new().name("job-orch-disk".to_owned()).spawn(move || own.serve(&receiver))?;
        Ok(Self { log: Some(log), is_patient, thread: Some((sender, thread)) })
    }

    /// Sees to it that this lasts, and tells everybody. If there is more to do, on another thread; and if that one is at work for
    /// many, so that the writer would wait for two syncs while they come back. If they are few, they are best synced all
    /// together next time.
    pub(super) fn finish(&self, committed: Committed, has_more: bool) {
        let Some(log) = self.log.as_ref().filter(|_| self.is_patient && committed.is_durable()) else {
            return self.tell(committed, Ok(()));
        };
        let (count, others) = (committed.tasks.len(), log.waiting.load(Ordering::Acquire));
        let is_for_the_thread = has_more || others > 0 && others + count >= FEW;
        log.waiting.fetch_add(count, Ordering::AcqRel);
        let committed = match &self.thread {
            Some((thread, _)) if is_for_the_thread => match Self::hand_over(thread, committed) {
                Some(committed) => {
                    // Enough of them wait. (Or it has panicked, and that was told.)
                    committed
                }
                None => return,
            },
            _ => committed,
        };
        let synced = log.sync();
        log.waiting.fetch_sub(count, Ordering::AcqRel);
        self.tell(committed, synced);
    }

    /// One more commit is in the log. If those that nobody waits for have become many, they are synced.
    pub(super) fn note_commit(&self) {
        let Some(log) = &self.log else { return };
        let unsynced = log.unsynced.fetch_add(1, Ordering::AcqRel) + 1;
        let is_ordered = match &self.thread {
            _ if unsynced < SOME => return,
            // One is under way, or comes now.
            Some(_) if unsynced < MANY && log.is_ordered.swap(true, Ordering::AcqRel) => true,
            Some((thread, _)) if unsynced < MANY => thread.try_send(Order::SyncAll).is_ok(),
            _ => false,
        };
        if !is_ordered {
            // Why it failed is told to whoever asks next.
            let _ = log.sync_if(MANY);
        }
    }

    /// Hands it over to the disk's thread, or returns it.
    fn hand_over(thread: &SyncSender<Order>, committed: Committed) -> Option<Committed> {
        match thread.try_send(Order::Sync(committed)) {
            Err(TrySendError::Full(Order::Sync(committed)) | TrySendError::Disconnected(Order::Sync(committed))) => {
                Some(committed)
            }
            _ => None,
        }
    }

    fn tell(&self, committed: Committed, synced: Result<(), StoreError>) {
        match &self.thread {
            None => committed.tell_each(&synced),
            Some((thread, _)) => {
                if let Some(watch) = committed.tell(synced)
                    && let Err(TrySendError::Full(unwatched) | TrySendError::Disconnected(unwatched)) =
                        thread.try_send(Order::Watch(watch))
                    && let Order::Watch(watch) = unwatched
                {
                    watch.tell();
                }
            }
        }
    }

    /// Whether nobody is told of anything that is not on the disk.
    pub(super) const fn is_patient(&self) -> bool {
        self.is_patient
    }

    /// Why nothing can be promised any more.
    pub(super) fn fault(&self) -> Option<StoreError> {
        lock(&self.log.as_ref()?.fault).clone()
    }
}

/// Everybody is told before the writer ends.
impl Drop for Disk {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            // A panic of it has been told.
            let _ = thread.join();
        }
    }
}

/// The log beside the file.
struct Log {
    file: File,
    // So many commits of this process are not known to be on the disk, those of a sync under way included.
    unsynced: AtomicUsize,
    // A sync of what nobody waits for is to come.
    is_ordered: AtomicBool,
    // So many wait for syncs.
    waiting: AtomicUsize,
    // Held from the look at the fault until there may be a new one.
    turn: Mutex<()>,
    // After a sync that failed, nobody knows what is on the disk: the next one may well succeed and mean nothing.
    fault: Mutex<Option<StoreError>>,
}

impl Log {
    /// The log of a file that is open. Only the file itself has locks that closing it would take away, and its index.
    fn open(file: &Path) -> io::Result<Self> {
        let path = log_of(file);
        let file = OpenOptions::new().append(true).open(&path)?;
        let (unsynced, is_ordered, waiting) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicUsize::new(0));
        let log = Self { file, unsynced, is_ordered, waiting, turn: Mutex::new(()), fault: Mutex::new(None) };
        if is_roomy(&path)
            && let Err(error) = log.make_room()
        {
            // It will do as it is.
            tracing::info!(target: "job_orch", %error, "no room was made for the log in advance");
        }
        Ok(log)
    }

    /// Appends zeros, behind whatever else is written at the same time. They are no frames, and so the end of the log still
    /// is where it was.
    fn make_room(&self) -> io::Result<()> {
        let there = usize::try_from(self.file.metadata()?.len()).unwrap_or(usize::MAX);
        let (mut missing, zeros) = (AHEAD.saturating_sub(there), vec![0; PIECE]);
        while let Some(piece) = zeros.get(..missing.min(PIECE)).filter(|piece| !piece.is_empty()) {
            (&self.file).write_all(piece)?;
            missing -= piece.len();
        }
        Ok(())
    }

    /// One after the other: the system tells once that pages were lost. Whoever asked at the same time would hear that all is well,
    /// and tell others so before the fault is known.
    fn sync(&self) -> Result<(), StoreError> {
        self.sync_if(0)
    }

    /// The same, if so many commits lie there unsynced when it is its turn.
    fn sync_if(&self, least: usize) -> Result<(), StoreError> {
        self.sync_with(
            least,
            |file| if fails!("sync") { Err(io::Error::other("told to fail")) } else { file.sync_data() },
        )
    }

    /// The same, by this call of the system's.
    fn sync_with(&self, least: usize, call: impl FnOnce(&File) -> io::Result<()>) -> Result<(), StoreError> {
        let _turn = lock(&self.turn);
        if self.unsynced.load(Ordering::Acquire) < least {
            return Ok(());
        }
        if let Some(fault) = lock(&self.fault).clone() {
            return Err(fault);
        }
        self.is_ordered.store(false, Ordering::Release);
        let covered = self.unsynced.load(Ordering::Acquire);
        fault!("before_sync");
        let synced = call(&self.file);
        self.unsynced.fetch_sub(covered, Ordering::AcqRel);
        synced.map_err(|error| lock(&self.fault).insert(StoreError::Disk(error.into())).clone())
    }

    /// Syncs for the writer until it has gone: once for all that has come together.
    fn serve(&self, orders: &Receiver<Order>) {
        let mut watches: Vec<Watch> = Vec::new();
        loop {
            let first = match watches.is_empty() {
                true => orders.recv().map_err(RecvTimeoutError::from),
                false => orders.recv_timeout(SOON),
            };
            if matches!(first, Err(RecvTimeoutError::Disconnected)) {
                return;
            }
            let (mut group, mut is_asked) = (Vec::new(), false);
            for order in first.into_iter().chain(orders.try_iter()) {
                match order {
                    Order::Sync(committed) => group.push(committed),
                    Order::SyncAll => is_asked = true,
                    Order::Watch(watch) => watches.push(watch),
                }
            }
            if is_asked || !group.is_empty() {
                let synced = self.sync();
                self.waiting.fetch_sub(group.iter().map(|committed| committed.tasks.len()).sum(), Ordering::AcqRel);
                watches.extend(group.into_iter().filter_map(|committed| committed.tell(synced.clone())));
            }
            watches.retain(|watch| !watch.is_done());
        }
    }
}

/// Whether the disk has so much room that the log may have some in advance.
#[cfg(target_os = "linux")]
fn is_roomy(path: &Path) -> bool {
    rustix::fs::statfs(path)
        .is_ok_and(|disk| disk.f_bavail.saturating_mul(u64::try_from(disk.f_bsize).unwrap_or(0)) > 16 * AHEAD as u64)
}

#[cfg(not(target_os = "linux"))]
fn is_roomy(_: &Path) -> bool {
    true
}

/// Where the log of a file is.
pub(super) fn log_of(file: &Path) -> PathBuf {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}
