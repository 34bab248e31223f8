//! [`Scribe`]: writes the file of a line, on a thread of its own.
//!
//! It rewrites it for all who have changed the line meanwhile. Each rewrite is a new file that is synced and then takes the
//! old one's name, so that a crash leaves either the old or the new one.
//!
//! The history is synced meanwhile, where it stands for a job that the new file has no more. And the system takes time to
//! free what the old file had: as long as that is held open, nobody waits for it.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::mpsc;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::file::{Due, File, Paths, stamp};
use super::places::Picture;
use super::{Keep, Shared};
use crate::dispatch::files;
use crate::dispatch::history::{History, Lost};
use crate::dispatch::item::Item;
use crate::sync::atomic::Ordering;
use crate::sync::{Arc, Weak, lock};

pub(super) struct Scribe {
    line: Weak<Shared>,
    history: Arc<History>,
    // So much of that is on the disk, as far as it was needed.
    synced: u64,
    runtime: Handle,
    // As it was written last.
    current: Option<fs::File>,
}

impl Scribe {
    pub(super) fn new(line: &Arc<Shared>, history: Arc<History>) -> Self {
        Self { line: Arc::downgrade(line), history, synced: 0, runtime: Handle::current(), current: None }
    }

    /// Writes whenever it is woken, as long as there is a line.
    pub(super) fn work(&mut self, woken: &mpsc::Receiver<()>) {
        while woken.recv().is_ok() {
            while woken.try_recv().is_ok() {}
            let Some(line) = self.line.upgrade() else { return };
            let Keep::File(file) = &line.keep else { return };
            let change = file.changes.load(Ordering::Acquire);
            let written = self.write(file, &line);
            if let Err(error) = &written {
                let path = file.paths.line.display();
                tracing::error!(target: "job_orch", %path, %error, "the line could not be written");
            }
            file.written.send_modify(|state| match &written {
                Ok(_) => state.through = change,
                Err(error) => (state.failed, state.reason) = (change, error.to_string()),
            });
            // Only now that nobody waits.
            drop(written);
        }
    }

    /// Has the file follow the line. Returns the old one.
    pub(super) fn write(&mut self, file: &File, line: &Shared) -> io::Result<Option<fs::File>> {
        // Before the picture is taken: it shows what has become of them.
        let Due { given, lost } = std::mem::take(&mut *lock(&file.due));
        let picture = lock(&line.places).picture();
        let old = self.rewrite(file, &picture);
        if old.is_err() {
            let mut due = lock(&file.due);
            due.given.extend(given);
            due.lost.extend(lost);
            return old;
        }
        file.given.forget(&given);
        lost.into_iter().for_each(Lost::note);
        old
    }

    fn rewrite(&mut self, file: &File, picture: &Picture) -> io::Result<Option<fs::File>> {
        let Paths { directory, line } = &file.paths;
        let syncing = self.sync_history(picture.through);
        let mut own = lock(&file.own);
        let new_path = line.with_extension("json.new");
        let new = write_new(&new_path, &picture.items);
        if let Some(syncing) = syncing {
            self.runtime.block_on(syncing)??;
            self.synced = picture.through;
        }
        let new = new?;
        fs::rename(&new_path, line)?;
        fs::File::open(directory)?.sync_all()?;
        *own = stamp(line);
        Ok(self.current.replace(new))
    }

    /// Begins to sync the history, unless so much of it is on the disk.
    fn sync_history(&self, through: u64) -> Option<JoinHandle<io::Result<()>>> {
        let history = Arc::clone(&self.history);
        (through > self.synced).then(|| self.runtime.spawn(async move { history.sync(through).await }))
    }
}

/// A new file, on the disk.
fn write_new(path: &Path, items: &[Item]) -> io::Result<fs::File> {
    let mut text = Vec::with_capacity(items.iter().map(|item| item.json.len() + 2).sum::<usize>() + 4);
    text.push(b'[');
    for (number, item) in items.iter().enumerate() {
        text.extend_from_slice(if number == 0 { b"\n" } else { b",\n" });
        text.extend_from_slice(&item.json);
    }
    text.extend_from_slice(if items.is_empty() { b"]\n" } else { b"\n]\n" });
    let mut file = files::create(path)?;
    file.write_all(&text)?;
    file.sync_all()?;
    Ok(file)
}
