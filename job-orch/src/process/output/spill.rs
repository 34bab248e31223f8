//! The file that output goes to when there is too much for memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::Pipe;

/// What is read at once.
const MOST: usize = 64 << 10;

/// A file without a name, written round and round: the byte at a position stands at its remainder by the capacity.
#[derive(Debug)]
pub(super) struct Spill {
    capacity: u64,
    folder: Option<PathBuf>,
    // Made when it is needed: most processes write little.
    file: OnceLock<Arc<File>>,
}

/// Bytes in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    pub(super) start: u64,
    pub(super) len: usize,
    pub(super) pipe: Pipe,
}

impl Region {
    /// What is read at once, from this position on, of so many bytes there.
    pub(super) fn new(start: u64, len: usize, pipe: Pipe) -> Self {
        Self { start, len: len.min(MOST), pipe }
    }
}

impl Spill {
    pub(super) const fn new(capacity: u64, folder: Option<PathBuf>) -> Self {
        Self { capacity, folder, file: OnceLock::new() }
    }

    pub(super) const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Writes bytes that follow each other, from this position on. One writer at a time, on a thread that may wait.
    pub(super) fn write(&self, start: u64, batch: Vec<Bytes>) -> io::Result<()> {
        let file = match self.file.get() {
            Some(file) => file,
            None => {
                let file = make(self.folder.clone())?;
                self.file.get_or_init(|| file)
            }
        };
        let mut position = start;
        for bytes in batch {
            write_round(file, self.capacity, position, &bytes)?;
            position += bytes.len() as u64;
        }
        Ok(())
    }

    /// Reads bytes that were written. They are others' if they were dropped meanwhile.
    pub(super) fn read(&self, region: Region) -> JoinHandle<io::Result<Bytes>> {
        let (file, capacity) = (self.file.get().cloned(), self.capacity);
        tokio::task::spawn_blocking(move || {
            let file = file.ok_or(io::ErrorKind::NotFound)?;
            let mut bytes = vec![0; region.len];
            read_round(&file, capacity, region.start, &mut bytes)?;
            Ok(bytes.into())
        })
    }
}

fn make(folder: Option<PathBuf>) -> io::Result<Arc<File>> {
    // On Linux it never has a name; elsewhere only its owner can open it as long as it has one.
    let file = folder.map_or_else(tempfile::tempfile, tempfile::tempfile_in)?;
    Ok(Arc::new(file))
}

/// Where a position stands in the file, and how many of so many bytes stand there before its end.
fn place(capacity: u64, position: u64, len: usize) -> (u64, usize) {
    let offset = position % capacity;
    (offset, usize::try_from(capacity - offset).unwrap_or(usize::MAX).min(len))
}

fn write_round(file: &File, capacity: u64, position: u64, bytes: &[u8]) -> io::Result<()> {
    let (offset, straight) = place(capacity, position, bytes.len());
    let (first, rest) = bytes.split_at(straight);
    file.write_all_at(first, offset)?;
    file.write_all_at(rest, 0)
}

fn read_round(file: &File, capacity: u64, position: u64, bytes: &mut [u8]) -> io::Result<()> {
    let (offset, straight) = place(capacity, position, bytes.len());
    let (first, rest) = bytes.split_at_mut(straight);
    file.read_exact_at(first, offset)?;
    file.read_exact_at(rest, 0)
}
