//! A store as people look at it, without the types of its jobs: the [`Inspector`], and what it finds.

mod act;
mod check;
mod look;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::Connection;

use super::clock::Clock;
use super::error::{OpenError, StoreError};
use super::transaction::Transaction;
use super::{file, keeper, schema};
use crate::id::JobId;
use crate::outcome::Failure;

pub use check::Check;

/// A store as people look at it: which queues it has, what waits, runs or is dead, and what has ended. It knows no types of
/// jobs, and runs none.
///
/// It works while other processes use the store, and tells them of what it changes. Its calls block; they take about as long
/// as `SQLite` does.
///
/// ```
/// use job_orch::engine::sqlite::inspect::Inspector;
/// use job_orch::prelude::*;
///
/// #[job]
/// async fn double(number: &u64) -> u64 {
///     number * 2
/// }
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("jobs.db");
/// let orch = Orchestrator::on(Sqlite::open(&file)?).host(Double).start().await?;
/// orch.call(Double, 21).await?;
///
/// let queues = Inspector::open(&file)?.queues()?;
/// assert_eq!((queues[0].job.as_str(), queues[0].results), ("double", 1));
/// # orch.shutdown().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Inspector {
    connection: Connection,
    path: PathBuf,
}

/// What a store has of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queue {
    /// The job's name.
    pub job: String,
    /// Requests that could run now.
    pub ready: u64,
    /// Requests that wait for their time: they were sent so, or have failed and will be tried again.
    pub delayed: u64,
    /// Requests that run.
    pub running: u64,
    /// Dead letters.
    pub dead: u64,
    /// Responses that are kept.
    pub results: u64,
    /// The bytes of the requests that wait, as the store counts them for queues that are bound by bytes.
    pub waiting_bytes: u64,
    /// Whether nothing is handed out.
    pub is_paused: bool,
    /// Since when the longest waiting of the ready requests is ready.
    pub oldest_ready: Option<SystemTime>,
}

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum State {
    /// It could run now.
    Ready,
    /// It waits for its time.
    Delayed,
    /// A worker has it.
    Running,
    /// It is a dead letter.
    Dead,
}

/// A request that has not ended well: it waits, runs, or is dead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The name of its job.
    pub job: String,
    /// Its id.
    pub id: JobId,
    /// How it stands.
    pub state: State,
    /// Its priority.
    pub priority: i16,
    /// Attempts so far, this one included if it runs.
    pub attempts: u32,
    /// When it was sent, to the second.
    pub sent: SystemTime,
    /// When it was or will be ready; when it died. To the second.
    pub due: SystemTime,
    /// What makes it unique, if anything.
    pub unique_key: Option<String>,
    /// Its bytes as a text, which is JSON unless they are damaged.
    pub payload: String,
    /// Why the last attempt failed, if one did.
    pub failure: Option<Failure>,
}

/// A request that has ended, and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// The name of its job.
    pub job: String,
    /// The id of its request.
    pub id: JobId,
    /// Its place among the responses of its job.
    pub position: i64,
    /// Whether it failed: then the payload is the JSON of a [`Failure`].
    pub is_failure: bool,
    /// When it ended, to the second.
    pub ended: SystemTime,
    /// Its bytes as a text, which is JSON unless they are damaged.
    pub payload: String,
}

/// A job that runs by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// The job's name.
    pub job: String,
    /// The expression, as it was written.
    pub expression: String,
    /// The time zone whose times are meant.
    pub zone: String,
    /// What becomes of ticks at which nobody was there: `skip`, `once` or `all`.
    pub missed: String,
    /// What becomes of a tick while the last firing has not ended: `allow` or `skip`.
    pub overlap: String,
    /// The last tick that was fired or passed over; before the first one, when the schedule began. To the second.
    pub last: SystemTime,
    /// The tick after that. One of the past waits for a process that fires it. None if the calendar of the library ends before.
    pub next: Option<SystemTime>,
}

/// A process that works on a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Its machine and number.
    pub name: String,
    /// Requests that it runs.
    pub running: u64,
}

/// Which requests are wanted, the latest first.
///
/// ```
/// use job_orch::engine::sqlite::inspect::{State, Wanted};
///
/// let wanted = Wanted::all().of("count").state(State::Dead).at_most(10);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Wanted {
    job: Option<String>,
    state: Option<State>,
    most: Option<u32>,
}

impl Wanted {
    /// All requests.
    pub const fn all() -> Self {
        Self { job: None, state: None, most: None }
    }

    /// Those of this job.
    pub fn of(mut self, job: impl Into<String>) -> Self {
        self.job = Some(job.into());
        self
    }

    /// Those that stand so.
    pub const fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// So many of them.
    pub const fn at_most(mut self, count: u32) -> Self {
        self.most = Some(count);
        self
    }
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Delayed, Self::Running, Self::Dead];

    /// As the store and people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Delayed => "delayed",
            Self::Running => "running",
            Self::Dead => "dead",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl Inspector {
    /// Opens a store that is there.
    ///
    /// # Errors
    /// [`OpenError`] says why there is none, or it cannot be used.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_by(path.as_ref(), |path| schema::open(path, None))
    }

    /// The same, of a store whose rows may be damaged, to [check](Self::check) it: what is wrong is not told by an error then, but
    /// by the check that finds it.
    ///
    /// # Errors
    /// [`OpenError`] says why there is no store, or it cannot be read at all.
    pub fn open_unchecked(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_by(path.as_ref(), schema::open_unchecked)
    }

    fn open_by(path: &Path, open: impl FnOnce(&Path) -> Result<Connection, OpenError>) -> Result<Self, OpenError> {
        let path = &*file::find(path)?;
        let metadata = std::fs::metadata(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        // An empty one would become a store.
        if metadata.len() == 0 || !metadata.is_file() {
            return Err(OpenError::NotAStore { path: path.to_owned() });
        }
        let connection = open(path)?;
        // Nobody else waits for the disk on its behalf.
        let sync = connection.pragma_update(None, "synchronous", "FULL");
        sync.map_err(|source| schema::refused(path, source))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// One transaction of the store's own kind. Other processes hear of it.
    fn write<T>(&mut self, work: impl FnOnce(&mut Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        // It claims nothing, so it is nobody.
        let mut transaction = Transaction::new(&self.connection, Clock::System, -1);
        let worked = work(&mut transaction).and_then(|worked| transaction.save().map(|()| worked));
        drop(transaction);
        match &worked {
            Ok(_) => self.connection.execute_batch("COMMIT")?,
            // It has been rolled back already where that fails.
            Err(_) => drop(self.connection.execute_batch("ROLLBACK")),
        }
        keeper::ring(&self.path);
        Ok(worked?)
    }
}
