//! What the command line says.

use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::{Parser, value_parser};

use crate::count::Words;

/// Counts lines, words and bytes of every regular file below directories, per file extension and in total.
///
/// Symbolic links are not followed, and directories named `.git` and `target` are skipped.
/// Exit status: 0 if everything was read, 1 if something was not, 2 if the command line is wrong.
#[derive(Debug, Parser)]
#[command(name = "codestats")]
pub(crate) struct Args {
    /// Where to count. A directory inside another one of them is counted once.
    #[arg(default_value = ".", value_name = "DIRECTORY")]
    pub(crate) directories: Vec<PathBuf>,

    /// Files that are counted at the same time; without it, four per processor, and 64 with a store.
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=4096))]
    workers: Option<u16>,

    /// Counts so many times; what has not changed then comes from the cache.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub(crate) repeat: u32,

    /// Keeps counts in this file, best outside of what is counted: killed at any moment and started again, it goes on, and what
    /// has not changed since the last start is not read again.
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,

    /// Prints one JSON object instead of a table.
    #[arg(long)]
    pub(crate) json: bool,

    /// What makes a word.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) words: Words,
}

impl Args {
    pub(crate) fn workers(&self) -> u16 {
        // More than processors: while one waits for a disk, another can count. With a store each waits until its counts are on
        // the disk, and those that wait together wait once.
        self.workers.unwrap_or_else(|| {
            if self.store.is_some() {
                return 64;
            }
            let processors = available_parallelism().map_or(1, usize::from);
            u16::try_from(4 * processors).unwrap_or(u16::MAX)
        })
    }
}
