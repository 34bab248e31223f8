//! The HTTP dispatcher: jobs as JSON from any program, workers that take them, both first come, first served.
//!
//! `job-orch serve` is this; a program of yours can be it too:
//!
//! ```
//! use job_orch::dispatch::{Dispatcher, Mode, Submitted};
//! use tokio::net::TcpListener;
//! use tokio_util::sync::CancellationToken;
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path();
//! let dispatcher = Dispatcher::builder().mode(Mode::CachedJsonFile).directory(directory).open().await?;
//! let job = serde_json::value::to_raw_value(&["lemonade"])?;
//! assert!(matches!(dispatcher.submit(&job).await?, Submitted::Queued { position: 1, .. }));
//!
//! let (listener, stop) = (TcpListener::bind("127.0.0.1:0").await?, CancellationToken::new());
//! let serving = tokio::spawn({
//!     let stop = stop.clone();
//!     async move { dispatcher.serve(listener, stop).await }
//! });
//! stop.cancel();
//! serving.await?;
//! # Ok(()) }
//! ```
//!
//! # The HTTP interface
//! Bodies are JSON. `/openapi.json` describes all of it, made of the list that the routes are made of.
//!
//! | request | answer |
//! |---|---|
//! | `POST /submit-job`, any JSON | `200 "Assigned"`: a worker has it. `202 {"Queued":{"position":1}}`: it waits. `Location` says where it is |
//! | `POST /register-worker`, `CPEE-CALLBACK: <url>` | `200 {"Job":{"id":…,"data":…,"submitted_at":…}}`: a job that waited. `202 "Queued"`, `CPEE-CALLBACK: true`: a later job comes by `PUT` to the URL, in the same form, with a `Job-Delivery`: the same one twice is the same job twice. By choice `Job-Take: <name>` |
//! | `POST /take-job?wait=30`, by choice `Job-Take: <name>` | `200`: a job, as above. `204`: none came in so many seconds, 60 at most. For workers that cannot be called; asked again by the same name, it answers the same |
//! | `GET /jobs/{id}` | `{"id":…,"state":…}`: `Queued` with its `position`, `Offered`, `Assigned` or `Done` |
//! | `GET /jobs/{id}/result?wait=30` | `200`: the result. `202`: its state, if there is none yet |
//! | `GET /jobs/{id}/events` | server-sent events: each new state |
//! | `POST /jobs/{id}/result`, any JSON, `Authorization: Bearer <token>` | `200 "Done"`. The token came with the job as `Job-Token`, the path as `Job-Result` |
//! | `GET /public/?drink=…&name=…&logo=…` | a page on which a customer orders a drink and sees its place in line |
//! | `GET /public/config.json` | `{"server_port":…}` |
//! | `GET /metrics`, `/healthz`, `/openapi.json` | figures for Prometheus, whether it is well, this interface |
//!
//! A refusal is `{"Error":…}`: `400` `Missing`, `NotAString` or `NotAUrl` for the URL of a worker, `NotJson` for a body, `Cut`
//! for half a one, `NotSeconds` for a time, `NotAName` for the name of a request; `401` `Token`; `403` `Forbidden` for a URL that is not to be called, `Origin` for a
//! page of another origin; `404` `NotFound`; `405` `MethodNotAllowed`; `408` `TooSlow`; `409` `Ended` or `Back` for a result
//! that comes too late; `413` `TooLarge`; `503` `Full`, or `NotStored` where the disk fails, with `Retry-After`. Every answer
//! has an `X-Request-Id`: the one that came, or a new one.
//!
//! With an [access token](Builder::access_token), all of it wants that as `Authorization: Bearer <token>`, and refuses with a
//! `401` `Token`, but for a worker's result, which has a token of its own, and what tells nothing: the page, which asks its
//! customer for the token and has its tab keep it, `/healthz` and `/openapi.json`.
//!
//! # What is promised
//! - **Order.** Jobs and workers stand in lines, first in, first out, in every [`Mode`] and over restarts. Who leaves a line
//!   and does not arrive goes back to its place.
//! - **Accepted is kept.** In a durable mode an answer is sent after the disk has it, for a job and for a worker. Files are
//!   written as new ones that take the old one's name. A file that cannot be read is refused with its name, and left alone.
//! - **Given once, lost never.** A job leaves its line for good when the last byte of the answer that holds it is with the
//!   system, or when the worker that was called has said yes. In a durable mode it is noted before a job is sent which worker
//!   it is for. Should the process be killed before it is noted what came of that, the next one sends the same job to the same
//!   worker again, by `PUT` to its URL, with the same `Job-Delivery`, before it does anything else: a worker that has the job
//!   already says yes and does nothing. If it does not say yes, the job stands in its line again. Who has sent a result has
//!   said yes. A worker whose yes is lost on its way, or comes too late, may share its job with the next one; after a loss of
//!   power, the workers of the last moments may.
//! - **A worker that cannot be called asks again.** It names its request for a job (`Job-Take`, a new name for each job that it
//!   wants). When the answer was lost, by a kill or on its way, it asks by the same name and gets the same delivery, until it
//!   has sent a result; remembered are the names of all who are being answered, and the last 10,000 before them, as long as
//!   their jobs have no more than 64 MiB. Without a name, a job that was on its way at a kill stands in its line again, and may
//!   be given twice.
//! - **A worker that registers can name its registration** in the same way, a new name for each. Whose answer was lost registers
//!   again by the same name: it stands in line once, at the URL that it gave first, and if it was sent a job meanwhile, in an
//!   answer or by a call, it gets the same delivery. Without a name, each registration is one more place for one more job.
//! - **Nobody waits for a slow worker.** No lock is held over a call. A worker that fails, redirects, takes too long or dies
//!   is dropped, and the next one is called. A customer waits for two that say nothing at most; then its job is in line, and
//!   they go on being called beside it. Who waits for a job or a result and does not read the answer is cut off.
//! - **What waits has limits**, in number and in bytes: what is more is refused at once, with a time to try again.
//! - **Nobody inside is called.** A worker's URL is `https`, without a password, at a port of no other service, and every
//!   address of its name is public; the connection goes to one of the addresses that were checked. With
//!   [`allow_local_callbacks`](Builder::allow_local_callbacks), loopback and private addresses may be called too, and plainly.
//! - **A result** is taken from the worker that was given the job last, and from nobody else, once. States and results are
//!   kept of the last 10,000 jobs that have arrived, as long as their results have no more than 64 MiB; in a durable mode
//!   they outlive the process, and a result is on the disk when its worker is answered.
//!
//! # Where the lines stand
//! `jobs.json` and `workers.json` are arrays, one entry a line. Beside them stands `….given`, with what was given and is on
//! the disk still, between two steps. `jobs.history` says who was sent which job, and what came of it, a JSON object a line
//! (what was sent in several lines is a text there); it holds the workers' tokens. A job on its way
//! in an answer has left its file and stands there alone: who takes the files to another place takes this one too. Only their owner may read these files, links are not
//! followed, and a directory that everybody may write into is refused.
//! In [`Mode::Sqlite`] the lines are the jobs `dispatch-jobs` and `dispatch-workers` of a store, `jobs.db`: they wait, are
//! claimed and settled as every request of the engine is, and the commands of `job-orch` see them; `….db.given` stands beside
//! it. What waits in files waits there while another mode is served, and so does what waits in the store. A directory has one
//! dispatcher at a time.

mod access;
mod callback;
mod counts;
mod error;
mod files;
mod history;
mod http;
mod item;
mod line;
mod matching;
mod naming;
mod options;
mod parcel;
mod recovery;
mod server;
mod state;
mod taking;
mod token;

use std::fs::{File, TryLockError};
use std::path::Path;

use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use access::{AccessToken, InvalidToken};
pub use error::{LineError, OpenError};
pub use matching::Submitted;
pub use options::{Builder, InvalidMode, Mode};

use callback::{Caller, Targets};
use counts::Counts;
use history::History;
use item::Item;
use line::{Jobs, Line, Opening, STORE, Workers};
use naming::Turns;
use options::Limits;
use recovery::Recovery;

use crate::sync::Arc;

/// Matches jobs with workers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dispatcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    jobs: Line,
    workers: Line,
    targets: Targets,
    caller: Arc<Caller>,
    limits: Limits,
    // Without one, who can reach it may ask.
    access: Option<AccessToken>,
    history: Arc<History>,
    counts: Counts,
    // Who waits for a job, one after the other.
    takers: Mutex<()>,
    turns: Turns,
    // A job and a worker may be waiting at the same time.
    uneven: Arc<Notify>,
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
        let Builder { jobs, workers, directory, callbacks, limits, access } = builder;
        let is_kept = jobs != Mode::InMemory || workers != Mode::InMemory;
        let lock = if is_kept { Some(lock_directory(&directory)?) } else { None };
        let needs_store = jobs == Mode::Sqlite || workers == Mode::Sqlite;
        let store = if needs_store { Some(limits.store().open(directory.join(STORE))?) } else { None };
        let targets = Targets::new(callbacks);
        let caller = Caller::new(targets, limits.callback, limits.callbacks).map_err(OpenError::Encryption)?;
        let caller = Arc::new(caller);
        let (history, unclear) = if is_kept { History::open(&directory)? } else { Default::default() };
        let history = Arc::new(history);
        let recovery = Recovery { history: &history, caller: &caller, targets, directory: &directory, jobs };
        let lost = recovery.ask(unclear).await?;
        let back: Vec<Item> = lost.iter().map(|(job, _)| job.clone()).collect();
        let (directory, store, history) = (&*directory, store.as_ref(), &history);
        let opening = |name, mode, limits, back| Opening { name, mode, directory, store, limits, history, back };
        let inner = Arc::new(Inner {
            jobs: Line::open::<Jobs>(opening("jobs", jobs, limits.jobs, &back)).await?,
            workers: Line::open::<Workers>(opening("workers", workers, limits.workers, &[])).await?,
            targets,
            caller,
            limits,
            access,
            history: Arc::clone(history),
            counts: Counts::default(),
            takers: Mutex::new(()),
            turns: Turns::default(),
            uneven: Arc::new(Notify::new()),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
            stop: CancellationToken::new(),
            _directory: lock,
        });
        // Their line has them again.
        lost.into_iter().for_each(|(_, lost)| lost.note());
        tokio::spawn(Inner::matcher(Arc::downgrade(&inner), Arc::clone(&inner.uneven), inner.stop.clone()));
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
    if files::is_open(&directory).map_err(io)? {
        return Err(OpenError::Open { path: path.to_owned() });
    }
    match directory.try_lock() {
        Ok(()) => Ok(directory),
        Err(TryLockError::WouldBlock) => Err(OpenError::Taken { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}
