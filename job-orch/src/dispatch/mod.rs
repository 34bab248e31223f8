//! The HTTP dispatcher: jobs as JSON from any program, workers that take them, both first come, first served.

mod callback;
mod counts;
mod error;
mod history;
mod http;
mod item;
mod line;
mod matching;
mod options;
mod server;
mod state;
mod token;

use std::fs::{File, TryLockError};
use std::path::Path;

use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use callback::Forbidden;
pub use error::{LineError, OpenError};
pub use matching::{RegisterError, Submitted};
pub use options::{Builder, InvalidMode, Mode};

use callback::{Caller, Targets};
use counts::Counts;
use history::History;
use item::Item;
use line::{Jobs, Line, Opening, Workers};
use options::Limits;

use crate::engine::sqlite::Sqlite;
use crate::sync::Arc;

/// Matches jobs with workers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dispatcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    jobs: Line,
    workers: Line,
    targets: Targets,
    caller: Caller,
    limits: Limits,
    history: History,
    counts: Counts,
    // Who waits for a job, one after the other.
    takers: Mutex<()>,
    // A job and a worker may be waiting at the same time.
    uneven: Notify,
    // What goes on beside the requests.
    tasks: TaskTracker,
    // Whoever waits for something is answered now.
    ending: CancellationToken,
    stop: CancellationToken,
    // Held as long as the dispatcher lives.
    _directory: Option<File>,
}

impl Dispatcher {
    /// A dispatcher in memory, until the builder is told otherwise.
    pub fn builder() -> Builder {
        Builder::new()
    }

    async fn open(builder: Builder) -> Result<Self, OpenError> {
        let Builder { jobs, workers, directory, callbacks, limits } = builder;
        let is_kept = jobs != Mode::InMemory || workers != Mode::InMemory;
        let lock = if is_kept { Some(lock_directory(&directory)?) } else { None };
        let needs_store = jobs == Mode::Sqlite || workers == Mode::Sqlite;
        let store = if needs_store { Some(Sqlite::open(directory.join("jobs.db"))?) } else { None };
        let opening = |name, mode, limit| Opening { name, mode, directory: &directory, store: store.as_ref(), limit };
        let targets = Targets::new(callbacks);
        let inner = Arc::new(Inner {
            jobs: Line::open::<Jobs>(opening("jobs", jobs, limits.jobs)).await?,
            workers: Line::open::<Workers>(opening("workers", workers, limits.workers)).await?,
            targets,
            caller: Caller::new(targets, limits.callback, limits.callbacks).map_err(OpenError::Encryption)?,
            limits,
            history: History::default(),
            counts: Counts::default(),
            takers: Mutex::new(()),
            uneven: Notify::new(),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
            stop: CancellationToken::new(),
            _directory: lock,
        });
        tokio::spawn(Inner::matcher(Arc::downgrade(&inner), inner.stop.clone()));
        Ok(Self(inner))
    }

    /// Gives a job to the first worker that takes it, or puts it at the end of the line. In a durable mode it is kept when
    /// this returns.
    ///
    /// # Errors
    /// [`LineError`]: the job was not accepted.
    ///
    /// # Cancel safety
    /// Dropped early, the job may have been accepted or not.
    pub async fn submit(&self, data: &RawValue) -> Result<Submitted, LineError> {
        self.submit_item(Item::job(data.get())).await
    }

    /// Answers HTTP on this listener until `stop` is cancelled; then it answers what has begun, and everything is kept
    /// before it returns.
    pub async fn serve(&self, listener: TcpListener, stop: CancellationToken) {
        server::serve(self, listener, stop).await;
        self.close().await;
    }

    /// Ends the matcher, waits for callbacks that are under way, and has both lines written.
    pub async fn close(&self) {
        self.0.ending.cancel();
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.jobs.close().await;
        self.0.workers.close().await;
    }
}

/// Takes a directory for this process, as long as the file lives.
fn lock_directory(path: &Path) -> Result<File, OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let directory = File::open(path).map_err(io)?;
    match directory.try_lock() {
        Ok(()) => Ok(directory),
        Err(TryLockError::WouldBlock) => Err(OpenError::Taken { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}
