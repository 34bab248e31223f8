//! A line in a file: a JSON array, rewritten as a whole.
//!
//! Who has left the line stands in the file still, until it is known that it was given. A job in an answer has left the file
//! too: the history stands for it, on the disk, before the file is rewritten without it, and until the file has it again.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::SystemTime;

use serde_json::value::RawValue;
use tokio::sync::watch;

use super::Shared;
use super::given::{Given, Holder};
use super::scribe::Scribe;
use crate::dispatch::error::{LineError, OpenError};
use crate::dispatch::files;
use crate::dispatch::history::{History, Lost};
use crate::dispatch::item::{Item, Read};
use crate::id::JobId;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, lock};

#[derive(Debug)]
pub(super) struct File {
    pub(super) paths: Paths,
    read: Read,
    // Whether the file is read at the start only.
    is_cached: bool,
    pub(super) given: Arc<Given>,
    // Changes of the line so far.
    pub(super) changes: AtomicU64,
    pub(super) written: watch::Sender<Written>,
    wake: Mutex<Option<mpsc::Sender<()>>>,
    ended: watch::Sender<bool>,
    pub(super) due: Mutex<Due>,
    // The file as this process wrote it.
    pub(super) own: Mutex<Option<Stamp>>,
}

/// What is to be noted once the file has followed.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// They were given, and the file may hold them still.
    pub(super) given: Vec<JobId>,
    /// Their jobs are back, and the file may lack them still.
    pub(super) lost: Vec<Lost>,
}

/// How far the file has followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub(super) through: u64,
    pub(super) failed: u64,
    pub(super) reason: String,
}

#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub(super) directory: PathBuf,
    pub(super) line: PathBuf,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    size: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { inode: metadata.ino(), size: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl File {
    /// The file, and who stands in its line. Who is back is given in order.
    pub(super) fn open(
        directory: &Path,
        name: &str,
        how: Read,
        is_cached: bool,
        back: &[Item],
    ) -> Result<(Self, Vec<Item>), OpenError> {
        let [line, _] = Holder::File.paths(directory, name);
        let paths = Paths { directory: directory.to_owned(), line };
        let (given, gone) = Given::open(directory, name, Holder::File)?;
        let mut items = with_those_back(read(&paths.line, how)?, back);
        let mut known = HashSet::new();
        items.retain(|item| known.insert(item.id) && !gone.contains(&item.id));
        let file = Self {
            own: Mutex::new(stamp(&paths.line)),
            paths,
            read: how,
            is_cached,
            given,
            changes: AtomicU64::new(0),
            written: watch::Sender::default(),
            wake: Mutex::default(),
            ended: watch::Sender::new(false),
            due: Mutex::new(Due { given: gone, lost: Vec::new() }),
        };
        Ok((file, items))
    }

    /// Begins to write: at once what was found, tidied.
    pub(super) fn start(&self, line: &Arc<Shared>, history: &Arc<History>) -> Result<(), OpenError> {
        let (sender, receiver) = mpsc::channel();
        let mut scribe = Scribe::new(line, Arc::clone(history));
        let io = |source| OpenError::Io { path: self.paths.line.clone(), source };
        scribe.write(self, line).map_err(io)?;
        *lock(&self.wake) = Some(sender);
        let ended = self.ended.clone();
        std::thread::Builder::new()
            .name(format!("job-orch-{}", line.name))
            .spawn(move || {
                scribe.work(&receiver);
                ended.send_replace(true);
            })
            .map(drop)
            .map_err(io)
    }

    pub(super) fn given(&self) -> &Given {
        &self.given
    }

    /// Whether the last attempt to write it succeeded.
    pub(super) fn is_well(&self) -> bool {
        let written = self.written.borrow();
        written.failed <= written.through
    }

    /// The line has changed.
    pub(super) fn wake(&self) -> u64 {
        let change = self.changes.fetch_add(1, Ordering::AcqRel) + 1;
        if let Some(wake) = &*lock(&self.wake) {
            // The thread ends after the line.
            let _ = wake.send(());
        }
        change
    }

    /// The line has changed: waits until the file has followed.
    pub(super) async fn write(&self, line: &Shared) -> Result<(), LineError> {
        let change = self.wake();
        let mut written = self.written.subscribe();
        let known = written.wait_for(|written| written.through >= change || written.failed >= change).await;
        match known {
            Ok(written) if written.through >= change => Ok(()),
            Ok(written) => Err(LineError::Store { line: line.name, reason: written.reason.clone() }),
            Err(_) => Err(LineError::Store { line: line.name, reason: "it is closed".to_owned() }),
        }
    }

    /// One that was held will not come back.
    pub(super) fn settle(&self, id: JobId) {
        lock(&self.due).given.push(id);
        self.wake();
    }

    /// One that was held is back. What it was on is noted as lost when the file has it again, and not before.
    pub(super) fn take_back(&self, lost: Option<Lost>) {
        lock(&self.due).lost.extend(lost);
        self.wake();
    }

    /// Reads the file again if somebody else has written it.
    pub(super) fn refresh(&self, line: &Shared) -> Result<(), LineError> {
        if self.is_cached {
            return Ok(());
        }
        // While this process has something to write, what it has counts.
        let has_followed = self.written.borrow().through >= self.changes.load(Ordering::Acquire);
        let Some(mut own) = self.own.try_lock().ok().filter(|_| has_followed) else { return Ok(()) };
        let now = stamp(&self.paths.line);
        if *own == now {
            return Ok(());
        }
        let items = read(&self.paths.line, self.read).map_err(|error| line.refused(&error))?;
        tracing::info!(target: "job_orch", path = %self.paths.line.display(), "somebody else has written the line");
        lock(&line.places).replace(items);
        *own = now;
        Ok(())
    }

    /// Writes what is left, and ends the thread.
    pub(super) async fn close(&self, line: &Shared) {
        if let Err(error) = self.write(line).await {
            tracing::error!(target: "job_orch", line = line.name, %error, "the line was not written at the end");
        }
        lock(&self.wake).take();
        // Its sender is ours.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata))
}

/// A line that has these again, in order: each stands before all who came later, unless it stands there still.
fn with_those_back(line: Vec<Item>, back: &[Item]) -> Vec<Item> {
    let stay: HashSet<JobId> = line.iter().map(|item| item.id).collect();
    let mut back = back.iter().filter(|item| !stay.contains(&item.id)).cloned().peekable();
    let mut all = Vec::with_capacity(line.len());
    for item in line {
        while let Some(earlier) = back.next_if(|earlier| earlier.id < item.id) {
            all.push(earlier);
        }
        all.push(item);
    }
    all.extend(back);
    all
}

/// The items of a file; none where there is no file.
fn read(path: &Path, how: Read) -> Result<Vec<Item>, OpenError> {
    let bytes = match files::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|source| OpenError::Io { path: path.to_owned(), source })?,
    };
    let unreadable = |source| OpenError::Unreadable { path: path.to_owned(), source };
    let items: Vec<&RawValue> = serde_json::from_slice(&bytes).map_err(unreadable)?;
    let items = items.into_iter().zip(1..).map(|(item, number)| how(item).map_err(|error| in_entry(number, &error)));
    items.collect::<Result<_, _>>().map_err(unreadable)
}

/// What is wrong with one of the entries, counted from 1. The place that it names is one in the entry.
fn in_entry(number: usize, error: &serde_json::Error) -> serde_json::Error {
    serde::de::Error::custom(format_args!("entry {number}: {error}"))
}
