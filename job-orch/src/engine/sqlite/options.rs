//! [`Options`]: how a store is opened.

use std::path::Path;
use std::time::Duration;

use super::Sqlite;
use super::error::OpenError;
use super::store::{Settings, Store};
use crate::engine::Durability;
use crate::sync::Arc;

/// A payload of more bytes is refused, unless another limit is set.
const MOST_PAYLOAD: u64 = 16 << 20;

/// How a store is opened.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use job_orch::engine::sqlite::Sqlite;
/// use job_orch::{Durability, Engine};
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("jobs.db");
/// let store = Sqlite::options().durability(Durability::ProcessCrash).lease(Duration::from_secs(5)).open(file)?;
/// assert_eq!(store.durability(), Durability::ProcessCrash);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "options do nothing until a store is opened with them"]
pub struct Options(Settings);

impl Options {
    pub(super) const fn new() -> Self {
        Self(Settings {
            durability: Durability::PowerLoss,
            lease: Duration::from_secs(30),
            poll: Duration::from_millis(250),
            retention: Duration::from_secs(86_400),
            most_bytes: None,
            most_payload: MOST_PAYLOAD,
            #[cfg(feature = "testing")]
            is_test: false,
        })
    }

    /// What an accepted request survives. The default is [`Durability::PowerLoss`]: each commit waits for the disk. With
    /// [`Durability::ProcessCrash`] few do: the log is synced a little later, after 64 commits at most, and a loss of power may
    /// take the last ones. Those of a [connection of yours](super::Sqlite::connection) wait for the disk all the same.
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.0.durability = durability;
        self
    }

    /// After how long without a sign of life a process is taken for dead, and its requests go to others. The default is
    /// 30 s; a process gives three signs in that time. At least 10 ms. This is for a process that is stopped: that one has
    /// died is seen at once.
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.0.lease = if lease.as_millis() < 10 { Duration::from_millis(10) } else { lease };
        self
    }

    /// How often this process looks by itself for what others have written. The default is 250 ms: so late is seen what the
    /// system failed to tell of. Where it tells of nothing at all, a process looks every 10 ms. At least 1 ms.
    pub const fn poll_every(mut self, interval: Duration) -> Self {
        self.0.poll = if interval.as_millis() < 1 { Duration::from_millis(1) } else { interval };
        self
    }

    /// How long responses are kept after they were recorded. The default is a day.
    pub const fn keep_responses(mut self, retention: Duration) -> Self {
        self.0.retention = retention;
        self
    }

    /// How large the file may become through this process, its log beside it not counted. Who sends to a store that is full
    /// is told so by [`SendError::Engine`](crate::channel::SendError::Engine), and may send again when there is room. By
    /// default the disk is the limit, and a full one is told in the same way.
    pub const fn most_bytes(mut self, most: u64) -> Self {
        self.0.most_bytes = Some(most);
        self
    }

    /// How many bytes a request or a response may have, as it is stored: 16 MiB by default. A larger request is refused by
    /// [`SendError::Engine`](crate::channel::SendError::Engine) with [`StoreError::TooLarge`](super::StoreError::TooLarge); a job
    /// whose response is larger has failed.
    pub const fn most_payload(mut self, most: u64) -> Self {
        self.0.most_payload = most;
        self
    }

    /// For tests with a paused clock: delays go by tokio's clock, and nothing happens on other threads, so that a test runs
    /// the same each time. It must then stay inside one runtime, and no other process may use the file. What a transaction of
    /// yours commits is seen with the next thing that the store is asked for.
    #[cfg(feature = "testing")]
    pub const fn for_tests(mut self) -> Self {
        self.0.is_test = true;
        self
    }

    /// Opens a store, or makes one where there is no file.
    ///
    /// # Errors
    /// [`OpenError`] says why a file is none, or cannot be used.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Sqlite, OpenError> {
        Store::open(path.as_ref(), self.0).map(|store| Sqlite(Arc::new(store)))
    }
}
