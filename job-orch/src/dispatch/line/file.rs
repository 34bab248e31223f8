//! A line in a file: a JSON array, rewritten as a whole.
//!
//! One thread rewrites it for all who have changed the line meanwhile. Each rewrite is a new file that is synced and then
//! takes the old one's name, so that a crash leaves either the old or the new one.
//!
//! Who has left the line stands in the file still, until it is known that it was given. A job in an answer has left the file
//! too: the history stands for it, on the disk, before the file is rewritten without it, and until the file has it again.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::SystemTime;

use serde_json::value::RawValue;
use tokio::sync::watch;

use super::Shared;
use super::given::Given;
use crate::dispatch::error::{LineError, OpenError};
use crate::dispatch::files;
use crate::dispatch::history::Delivery;
use crate::dispatch::item::{Item, Read};
use crate::id::JobId;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, Weak, lock};

#[derive(Debug)]
pub(super) struct File {
    paths: Paths,
    read: Read,
    // Whether the file is read at the start only.
    is_cached: bool,
    given: Arc<Given>,
    // Changes of the line so far.
    changes: AtomicU64,
    written: watch::Sender<Written>,
    wake: Mutex<Option<mpsc::Sender<()>>>,
    ended: watch::Sender<bool>,
    due: Mutex<Due>,
    // The file as this process wrote it.
    own: Mutex<Option<Stamp>>,
}

/// What is to be noted once the file has followed.
#[derive(Debug, Default)]
struct Due {
    // They were given, and the file may hold them still.
    given: Vec<JobId>,
    // Their jobs are back, and the file may lack them still.
    lost: Vec<Delivery>,
}

/// How far the file has followed.
#[derive(Clone, Debug, Default)]
struct Written {
    through: u64,
    failed: u64,
    reason: String,
}

#[derive(Clone, Debug)]
struct Paths {
    directory: PathBuf,
    line: PathBuf,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
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
    /// The file, and who stands in its line: who is back, and who stands there.
    pub(super) fn open(
        directory: &Path,
        name: &str,
        how: Read,
        is_cached: bool,
        back: &[Item],
    ) -> Result<(Self, Vec<Item>), OpenError> {
        let paths = Paths { directory: directory.to_owned(), line: directory.join(format!("{name}.json")) };
        let (given, gone) = Given::open(&directory.join(format!("{name}.given")))?;
        // They were the first when they left.
        let mut items = back.to_vec();
        items.extend(read(&paths.line, how)?);
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
    pub(super) fn start(&self, line: &Arc<Shared>) -> Result<(), OpenError> {
        let (sender, receiver) = mpsc::channel();
        let scribe = Scribe { line: Arc::downgrade(line) };
        let io = |source| OpenError::Io { path: self.paths.line.clone(), source };
        Scribe::write(self, line).map_err(io)?;
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
    pub(super) fn take_back(&self, lost: Option<Delivery>) {
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

/// Writes the file of a line, on a thread of its own.
struct Scribe {
    line: Weak<Shared>,
}

impl Scribe {
    fn work(&self, woken: &mpsc::Receiver<()>) {
        while woken.recv().is_ok() {
            while woken.try_recv().is_ok() {}
            let Some(line) = self.line.upgrade() else { return };
            let super::Keep::File(file) = &line.keep else { return };
            let change = file.changes.load(Ordering::Acquire);
            let written = Self::write(file, &line);
            if let Err(error) = &written {
                let path = file.paths.line.display();
                tracing::error!(target: "job_orch", %path, %error, "the line could not be written");
            }
            file.written.send_modify(|state| match &written {
                Ok(()) => state.through = change,
                Err(error) => (state.failed, state.reason) = (change, error.to_string()),
            });
        }
    }

    fn write(file: &File, line: &Shared) -> io::Result<()> {
        // Before the picture is taken: it shows what has become of them.
        let Due { given, lost } = std::mem::take(&mut *lock(&file.due));
        let items = lock(&line.places).picture();
        if let Err(error) = Self::rewrite(file, &items) {
            let mut due = lock(&file.due);
            due.given.extend(given);
            due.lost.extend(lost);
            return Err(error);
        }
        file.given.forget(&given);
        lost.into_iter().for_each(Delivery::not_given);
        Ok(())
    }

    fn rewrite(file: &File, items: &[Item]) -> io::Result<()> {
        let Paths { directory, line } = &file.paths;
        let mut own = lock(&file.own);
        replace(directory, line, items)?;
        *own = stamp(line);
        Ok(())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata))
}

/// The items of a file; none where there is no file.
fn read(path: &Path, how: Read) -> Result<Vec<Item>, OpenError> {
    let bytes = match files::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|source| OpenError::Io { path: path.to_owned(), source })?,
    };
    let unreadable = |source| OpenError::Unreadable { path: path.to_owned(), source };
    let items: Vec<&RawValue> = serde_json::from_slice(&bytes).map_err(unreadable)?;
    items.into_iter().map(how).collect::<Result<_, _>>().map_err(unreadable)
}

/// Writes a new file, which takes the old one's place once it is on the disk.
fn replace(directory: &Path, path: &Path, items: &[Item]) -> io::Result<()> {
    let mut text = Vec::with_capacity(items.iter().map(|item| item.json.len() + 2).sum::<usize>() + 4);
    text.push(b'[');
    for (number, item) in items.iter().enumerate() {
        text.extend_from_slice(if number == 0 { b"\n" } else { b",\n" });
        text.extend_from_slice(&item.json);
    }
    text.extend_from_slice(if items.is_empty() { b"]\n" } else { b"\n]\n" });
    let new = path.with_extension("json.new");
    let mut file = files::create(&new)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    fs::File::open(directory)?.sync_all()
}
