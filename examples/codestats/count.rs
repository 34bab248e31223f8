//! Counts one file: the job.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use job_orch::prelude::*;
use serde::{Deserialize, Serialize};

/// How much of a file is in memory at a time.
const PIECE: usize = 64 * 1024;

/// A file as the walk saw it, and how to count it. A file that has changed is another request, so its old counts are not
/// served for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct File {
    #[serde(with = "crate::path")]
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
    pub(crate) words: Words,
}

/// What changes when a file does, as finely as its file system tells time.
#[cfg(unix)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Stamp {
    bytes: u64,
    inode: u64,
    modified: (i64, i64),
    // Unlike the time of the last modification, nobody can set this one back.
    changed: (i64, i64),
}

#[cfg(unix)]
impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            bytes: metadata.len(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// What changes when a file does, where there is no more to see.
#[cfg(not(unix))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Stamp {
    bytes: u64,
    modified: Option<std::time::Duration>,
}

#[cfg(not(unix))]
impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        Self { bytes: metadata.len(), modified }
    }
}

/// What makes a word, in the C locale. Both rules agree that white space ends one: blank, `\t`, `\n`, `\v`, `\f`, `\r`.
/// They differ in control characters and bytes above 126.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Words {
    /// As GNU `wc` up to 9.4: a printable byte begins a word, any other one neither begins nor ends it.
    #[default]
    Printable,
    /// As POSIX and later releases of GNU `wc`: any byte but white space begins a word.
    Any,
}

/// What one worker reads into, file after file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffer(Vec<u8>);

/// Lines, words and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) lines: u64,
    pub(crate) words: u64,
    pub(crate) bytes: u64,
}

/// Counts a file. Errors are not cached: an unreadable file is tried again each time.
#[job(cache(capacity = 4_000_000))]
#[processor(requests = 256)]
pub(crate) async fn count(file: &File, buffer: &mut Buffer) -> io::Result<Counts> {
    // A run that suspends is taken for a long one: its worker then gives back the requests it has fetched ahead, and none
    // of them waits behind a huge file.
    tokio::task::yield_now().await;
    // Reading blocks: the runtime gets another thread for its other tasks meanwhile. `spawn_blocking` would move the work
    // instead of the rest, and takes twice as long for small files.
    tokio::task::block_in_place(|| read(&file.path, file.words, &mut buffer.0))
}

/// Counts a file, and has the engine keep its counts. Their key is the path, the size, the inode, both times and the rule for
/// words; and this function, but not what it calls: `version` goes up when the counting changes.
#[job(version = 1, cache(store = engine, capacity = 4_000_000))]
#[processor(requests = 4096)]
pub(crate) async fn count_once(file: &File, buffer: &mut Buffer) -> io::Result<Counts> {
    count(file, buffer).await
}

fn read(path: &Path, words: Words, buffer: &mut Vec<u8>) -> io::Result<Counts> {
    buffer.resize(PIECE, 0);
    let mut file = fs::File::open(path)?;
    let mut counter = Counter::new(words);
    loop {
        match file.read(buffer) {
            Ok(0) => return Ok(counter.counts),
            Ok(read) => counter.add(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What a byte does to a word. As bits: whether it is part of one, and whether it ends one.
const INSIDE: u8 = 1;
const END: u8 = 2;

const fn table(words: Words) -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = match (byte, words) {
            (b' ' | b'\t'..=b'\r', _) => END,
            (b'!'..=b'~', _) | (_, Words::Any) => INSIDE,
            (_, Words::Printable) => 0,
        };
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

struct Counter {
    table: &'static [u8; 256],
    // 1 inside a word, else 0.
    inside: u8,
    counts: Counts,
}

impl Counter {
    fn new(words: Words) -> Self {
        static PRINTABLE: [u8; 256] = table(Words::Printable);
        static ANY: [u8; 256] = table(Words::Any);
        let table = match words {
            Words::Printable => &PRINTABLE,
            Words::Any => &ANY,
        };
        Self { table, inside: 0, counts: Counts::default() }
    }

    fn add(&mut self, piece: &[u8]) {
        let (mut inside, mut words) = (self.inside, 0_u64);
        for byte in piece {
            // Without a branch: in text nobody can guess where the next word ends.
            let class = self.table[usize::from(*byte)];
            words += u64::from(class & INSIDE & !inside);
            inside = (inside | class) & INSIDE & !(class >> 1);
        }
        self.inside = inside;
        self.counts.words += words;
        self.counts.lines += newlines(piece);
        self.counts.bytes += piece.len() as u64;
    }
}

fn newlines(piece: &[u8]) -> u64 {
    // So few at a time that a byte can hold their number: the compiler then compares many bytes at once.
    piece.chunks(255).map(|few| u64::from(few.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>())).sum()
}
