//! [`Keep`]: how much output is kept, and where.

use std::path::PathBuf;

/// How much output of one process is kept for those who listen late or slowly.
///
/// The newest bytes are in memory, older ones in a file without a name, which is gone with us whatever happens. When
/// the file is full too, the oldest bytes are dropped: who has not read them is told how many they were.
///
/// ```
/// use job_orch::process::{Coordinator, Keep};
///
/// let processes = Coordinator::options().keep(Keep::usual().memory(256 << 10).file(1 << 30)).build();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Keep {
    pub(super) memory: usize,
    pub(super) file: u64,
    pub(super) folder: Option<PathBuf>,
    pub(super) waits: bool,
}

impl Keep {
    /// 2 MiB in memory, 64 MiB in a file in the system's folder for temporary files.
    pub const fn usual() -> Self {
        Self { memory: 2 << 20, file: 64 << 20, folder: None, waits: false }
    }

    /// Bytes of each process that are kept in memory, together with what it takes to find them: at least 64 KiB.
    pub const fn memory(mut self, bytes: usize) -> Self {
        self.memory = if bytes < 64 << 10 { 64 << 10 } else { bytes };
        self
    }

    /// Bytes of each process that are kept in a file. With 0 there is no file.
    pub const fn file(mut self, bytes: u64) -> Self {
        self.file = bytes;
        self
    }

    /// Where the files are.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// A process whose output is full waits for its subscribers, as long as it has any, instead of dropping the oldest
    /// bytes. One subscriber that reads nothing then holds the process up. One that comes after the start may be too late for the
    /// first bytes, unless it is made [with the start](super::Coordinator::start_reading).
    pub const fn wait_for_subscribers(mut self) -> Self {
        self.waits = true;
        self
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self::usual()
    }
}
