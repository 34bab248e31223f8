//! [`Recorder`]: writes what a process sees.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::event::{Entry, Event};
use crate::clock::since_boot;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, lock};

/// Writes what one process sees. Cheap to clone; the clones write to one place.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Sink>);

#[derive(Debug)]
struct Sink {
    process: String,
    next: AtomicU64,
    failed: AtomicU64,
    to: To,
}

#[derive(Debug)]
enum To {
    File(File),
    Memory(Mutex<Vec<Entry>>),
}

impl Recorder {
    /// Appends to a file of its own in this folder: `<process>.jsonl`. Each entry is one write, so that a process that is
    /// killed has written what it saw. No two processes may have one name.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn append(folder: impl AsRef<Path>, process: impl Into<String>) -> io::Result<Self> {
        let process = process.into();
        let path = folder.as_ref().join(format!("{process}.jsonl"));
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self::to(process, To::File(file)))
    }

    /// Keeps what it is told: for a test of one process.
    #[must_use]
    pub fn in_memory(process: impl Into<String>) -> Self {
        Self::to(process.into(), To::Memory(Mutex::default()))
    }

    fn to(process: String, to: To) -> Self {
        Self(Arc::new(Sink { process, next: AtomicU64::new(0), failed: AtomicU64::new(0), to }))
    }

    /// Writes down what happened, now.
    pub fn note(&self, event: Event) {
        let Sink { process, next, failed, to } = &*self.0;
        let entry = Entry {
            at: micros_since_boot(),
            process: process.clone(),
            seq: next.fetch_add(1, Ordering::Relaxed),
            event,
        };
        match to {
            To::Memory(entries) => lock(entries).push(entry),
            To::File(file) => {
                let line = serde_json::to_string(&entry).map(|line| line + "\n").map_err(io::Error::from);
                if let Err(error) = line.and_then(|line| {
                    let mut file = file;
                    file.write_all(line.as_bytes())
                }) {
                    failed.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(target: "job_orch", process, %error, "the history has a hole");
                }
            }
        }
    }

    /// What was kept: of a recorder in memory.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        match &self.0.to {
            To::Memory(entries) => lock(entries).clone(),
            To::File(_) => Vec::new(),
        }
    }

    /// How many entries could not be written.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.0.failed.load(Ordering::Relaxed)
    }
}

fn micros_since_boot() -> u64 {
    u64::try_from(since_boot().as_micros()).unwrap_or(u64::MAX)
}
