//! [`Mode`] and [`Builder`]: what a dispatcher is started with.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::Dispatcher;
use super::access::AccessToken;
use super::error::OpenError;
use crate::engine::sqlite::{self, Sqlite};

/// Where a line stands beside this process's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Nowhere: it ends with the process.
    #[default]
    InMemory,
    /// In a file, `jobs.json` or `workers.json`, which others may write too: before each use it is read again if somebody
    /// has.
    JsonFile,
    /// In the same file, which is read at the start only.
    CachedJsonFile,
    /// In the durable engine, in `jobs.db`: see [`Sqlite`](crate::engine::sqlite::Sqlite).
    Sqlite,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::InMemory, Self::JsonFile, Self::CachedJsonFile, Self::Sqlite];

    pub(super) const fn is_file(self) -> bool {
        matches!(self, Self::JsonFile | Self::CachedJsonFile)
    }

    /// What it is called on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InMemory => "InMemory",
            Self::JsonFile => "JsonFile",
            Self::CachedJsonFile => "CachedJsonFile",
            Self::Sqlite => "Sqlite",
        }
    }
}

/// A text that names no [`Mode`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mode: {text:?}; it is one of InMemory, JsonFile, CachedJsonFile and Sqlite")]
pub struct InvalidMode {
    text: String,
}

impl FromStr for Mode {
    type Err = InvalidMode;
    fn from_str(text: &str) -> Result<Self, InvalidMode> {
        let named = Self::ALL.into_iter().find(|mode| mode.name() == text);
        named.ok_or_else(|| InvalidMode { text: text.to_owned() })
    }
}

/// How a dispatcher is set up: see [`Dispatcher::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it opens a dispatcher"]
pub struct Builder {
    pub(super) jobs: Mode,
    pub(super) workers: Mode,
    pub(super) directory: PathBuf,
    pub(super) callbacks: Callbacks,
    pub(super) limits: Limits,
    pub(super) access: Option<AccessToken>,
}

/// Whom a dispatcher calls back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Callbacks {
    /// Loopback and private addresses too.
    pub(super) local: bool,
}

/// What a line holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) items: usize,
    pub(super) bytes: usize,
}

const ROOM: Room = Room { items: 100_000, bytes: 1 << 30 };

/// What a dispatcher bears.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) jobs: Room,
    pub(super) workers: Room,
    pub(super) body: usize,
    pub(super) callback: Duration,
    pub(super) callbacks: usize,
    pub(super) connections: usize,
    pub(super) connections_of_one: usize,
    pub(super) head: Duration,
    pub(super) request: Duration,
    pub(super) answer: Duration,
    pub(super) drain: Duration,
}

impl Limits {
    /// A store that takes whatever may come in a body, with what stands around it.
    pub(super) const fn store(&self) -> sqlite::Options {
        let (body, usual) = (self.body as u64 + 1024, 16 << 20);
        Sqlite::options().most_payload(if body > usual { body } else { usual })
    }
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            jobs: Mode::default(),
            workers: Mode::default(),
            directory: PathBuf::from("."),
            callbacks: Callbacks::default(),
            limits: Limits {
                jobs: ROOM,
                workers: ROOM,
                body: 1024 * 1024,
                callback: Duration::from_secs(10),
                callbacks: 512,
                connections: 10_000,
                connections_of_one: 1024,
                head: Duration::from_secs(10),
                request: Duration::from_secs(30),
                answer: Duration::from_secs(30),
                drain: Duration::from_secs(30),
            },
            access: None,
        }
    }

    /// Where both lines stand. By default [`Mode::InMemory`].
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.jobs = mode;
        self.workers = mode;
        self
    }

    /// Where the line of jobs stands.
    pub const fn job_queue_mode(mut self, mode: Mode) -> Self {
        self.jobs = mode;
        self
    }

    /// Where the line of workers stands.
    pub const fn worker_queue_mode(mut self, mode: Mode) -> Self {
        self.workers = mode;
        self
    }

    /// The directory of the files. By default the working directory.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// Whether workers may be called back at loopback and private addresses, and without encryption there. By default they
    /// may not.
    pub const fn allow_local_callbacks(mut self, allow: bool) -> Self {
        self.callbacks.local = allow;
        self
    }

    /// What every request has to bring, as `Authorization: Bearer <token>`. By default nothing: who can reach it may order, and
    /// take jobs. It goes over the wire as it is, so that whoever is not on this machine wants encryption before it.
    pub fn access_token(mut self, token: AccessToken) -> Self {
        self.access = Some(token);
        self
    }

    /// How many jobs may wait. By default 100,000; one more is refused.
    pub const fn most_jobs(mut self, most: usize) -> Self {
        self.limits.jobs.items = most;
        self
    }

    /// How many workers may wait. By default 100,000; one more is refused.
    pub const fn most_workers(mut self, most: usize) -> Self {
        self.limits.workers.items = most;
        self
    }

    /// How many bytes the jobs that wait may have together, and the workers. By default 1 GiB each; what is more is refused.
    pub const fn most_waiting_bytes(mut self, most: usize) -> Self {
        self.limits.jobs.bytes = most;
        self.limits.workers.bytes = most;
        self
    }

    /// How many bytes a request's body may have. By default 1 MiB.
    pub const fn most_bytes(mut self, most: usize) -> Self {
        self.limits.body = most;
        self
    }

    /// How long a worker may take to answer when it is called back. By default 10 s.
    pub const fn callback_timeout(mut self, limit: Duration) -> Self {
        self.limits.callback = limit;
        self
    }

    /// How many connections may be open, all together and from one address. By default 10,000 and 1,024.
    pub const fn most_connections(mut self, most: usize, from_one_address: usize) -> Self {
        self.limits.connections = most;
        self.limits.connections_of_one = from_one_address;
        self
    }

    /// How long a client may take to send the head of a request, or to begin one. By default 10 s.
    pub const fn head_timeout(mut self, limit: Duration) -> Self {
        self.limits.head = limit;
        self
    }

    /// How long a client may take to send the body of a request. By default 30 s.
    pub const fn body_timeout(mut self, limit: Duration) -> Self {
        self.limits.request = limit;
        self
    }

    /// How long a client may take to read an answer, once that does not fit into the buffers of the system any more. By
    /// default 30 s; then the connection is cut, and a job that it was to give is back in its line.
    pub const fn answer_timeout(mut self, limit: Duration) -> Self {
        self.limits.answer = limit;
        self
    }

    /// How long a shutdown waits for requests that are being answered. By default 30 s.
    pub const fn drain(mut self, limit: Duration) -> Self {
        self.limits.drain = limit;
        self
    }

    /// Opens the lines, with all that they were left with.
    ///
    /// # Errors
    /// [`OpenError`] names the file that cannot be used. No file is changed then.
    pub async fn open(self) -> Result<Dispatcher, OpenError> {
        Dispatcher::open(self).await
    }
}
