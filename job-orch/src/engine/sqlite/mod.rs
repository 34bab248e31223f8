//! The durable engine on one `SQLite` file, shared by the processes of a machine.
//!
//! What was accepted is kept: it runs to its end, or stands among the dead letters with its reason, whatever crashes.
//!
//! ```
//! use job_orch::engine::sqlite::Sqlite;
//! use job_orch::prelude::*;
//!
//! #[job]
//! async fn double(number: &u64) -> u64 {
//!     number * 2
//! }
//!
//! # #[tokio::main] async fn main() -> Result<(), job_orch::Error> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let file = folder.path().join("jobs.db");
//! let orch = Orchestrator::on(Sqlite::open(file)?).host(Double).start().await?;
//! assert_eq!(orch.call(Double, 21).await?, 42);
//! orch.shutdown().await
//! # }
//! ```
//!
//! # How it works
//! - One **writer** thread per process: operations are handed over to it, and those that are there together are one
//!   transaction, with those that come while it is small. One sync of the log then makes it last, and only after it is any of
//!   them answered; the next transaction is under way meanwhile. A call waits a moment for its own answer, so that one sync does for both. What has piled up in the
//!   log is moved to its place on another thread. Readers work beside all that.
//! - A response is recorded and its request settled in **one transaction**.
//! - A **lease** lasts as long as its process says that it lives, which a thread of its own does. Each claim raises the
//!   request's fence: a worker that was taken for dead can settle nothing. An attempt counts when it is claimed, and is given
//!   back where the worker says so; a process that dies says nothing, so a request that kills it does not come for ever.
//! - Each process has the lock of a file in a folder beside the store (`jobs.db-live`). When it dies, the system lets go of the
//!   lock, and what it held is taken back **at once**; the lease of one that is stopped has to run out.
//! - The **broadcast** is a table that is read by position. Lag is exact, and the past can be read again
//!   ([`Listener::from`]) as long as it is kept: a day, unless [`Options::keep_responses`] says otherwise.
//! - Commits of **other processes** are heard at once (Linux), and every quarter of a second at the
//!   latest; elsewhere every 10 ms.
//! - Requests and responses have a **checksum**. What is damaged or cannot be read is a dead letter that says so, with its
//!   bytes. When a file is opened, its log is read, and one in which a bit has flipped is refused ([`OpenError::Damaged`]), as
//!   is a file of up to 8 MiB whose rows do not agree with each other. Of a larger file what is quick to tell is looked at
//!   then, and the rest while it is in use: when damage is found, nothing more is accepted or run ([`StoreError::Damaged`]).
//! - The **room** of a queue is counted in the transaction that puts a request in, by requests and, if it says so
//!   (`requests(bytes = "64MiB")`), by bytes: so it is exact, however many processes send. One that sheds
//!   (`requests(full = shed)`) buries what matters least in the same transaction.
//! - A request that runs in another process can be **cancelled**: it is asked to stop, and its process hears of that as of
//!   any commit.
//! - A **run** of a flow has a table of its steps: each has an id that is made of the run and of its place in it, so that a run
//!   that is taken up again finds what it has sent and what has ended. An end is noted there in the transaction that records it.
//! - The **caches** of jobs with `cache(store = engine)` are tables too. A process that computes an answer says so in the file,
//!   and counts as long as it lives.
//! - The **schedules** of jobs with `cron` have a row each: up to where it was fired, moved on in the transaction that puts the
//!   request in, and when it comes next.
//! - **Transactions of yours** on the same file can have requests in them ([`in_transaction`](crate::Send::in_transaction)), and
//!   a job can end its request in one ([`complete_in`](crate::Context::complete_in)), so that what it does there is done once. Your
//!   connection is to the store what another process is. No hook of it is touched, so it rings no bell: the process looks for its
//!   commit, soon and a few times, and tells the others. Should the process die in between, they see it at their next look.
//! - When a **sync fails**, nobody knows what is on the disk: from then on the process accepts, records and tells nothing, and
//!   whoever waits is told so ([`StoreError::Disk`]). Others on the same file believe nothing but their own syncs.
//! - A **shutdown** finishes what runs, and leaves what waits for the next start or another process.
//!
//! # What people see
//! `sqlite3 jobs.db 'SELECT * FROM jobs'` shows what waits, runs or is dead; `results` shows what has ended, `processes` who
//! works on it, `answers` what the caches have kept. The tables below are described in `schema.sql`, `answers.sql`, `steps.sql` and `schedules.sql`; they are the engine's own.
//! Tables of yours can lie beside them: see [`Sqlite::connection`].

mod answers;
mod archive;
mod batch;
mod broadcast;
mod callers;
mod cells;
mod channel;
mod channels;
mod checksum;
mod checkup;
mod claims;
mod clock;
mod committed;
mod completion;
mod disk;
mod ends;
mod error;
mod file;
mod frames;
mod groups;
pub mod inspect;
mod keeper;
mod keys;
mod lease;
#[cfg(feature = "dispatch")]
mod line;
mod local;
mod looks;
mod options;
mod places;
mod presence;
mod reader;
mod receiver;
mod relay;
mod requests;
mod responses;
mod room;
mod rows;
#[cfg(feature = "cron")]
mod schedules;
mod schema;
mod sender;
mod settling;
mod steps;
mod store;
mod tidy;
mod transaction;
mod upkeep;
mod within;
mod work;
mod writer;

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use broadcast::{Broadcast, Listener, Seen};
pub use channels::SqliteChannels;
pub use error::{OpenError, StoreError};
pub use lease::Lease;
pub use options::Options;
pub use receiver::Receiver;
pub use rusqlite;
pub use sender::Sender;

use archive::StoreArchive;
use store::Store;

use crate::cache::{Archive, Policy};
use crate::channel::{Acceptance, BoxError, Codec, Envelope, SendError, SendOptions, Transact};
use crate::engine::{
    Carries, Deduplicates, Delays, Durability, Engine, KeepsAnswers, KeepsResponses, Pauses, Prioritises, Remembers,
    RemembersKeys, SharedByProcesses, Transacts, TravelsOn,
};
use crate::job::Run;
use crate::settings::Serving;
use crate::sync::Arc;

/// The engine on one `SQLite` file. Cheap to clone: the clones share the open file.
#[derive(Clone, Debug)]
pub struct Sqlite(Arc<Store>);

impl Sqlite {
    /// Opens a store, or makes one where there is no file.
    ///
    /// # Errors
    /// [`OpenError`] says why a file is none, or cannot be used.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open(path)
    }

    /// Other settings than the usual ones.
    pub const fn options() -> Options {
        Options::new()
    }

    /// Opens a connection of your own to the file: for tables of yours beside the store's, and for transactions in which
    /// requests are [sent](crate::Send::in_transaction) and [completed](crate::Context::complete_in). Each of its commits waits
    /// for the disk and survives the loss of power, whatever the store itself promises.
    ///
    /// Any other connection to the file will do too, as `rusqlite` opens it. It is refused ([`TransactionError`]) if its
    /// `PRAGMA synchronous` is lower than this one's, which is `FULL`: where many commits are not on the disk yet, the loss of
    /// power could leave a file that looks damaged.
    /// `BEGIN IMMEDIATE` (`transaction_with_behavior`) is best for what will write: it waits for its turn, and never fails
    /// later because somebody else has written meanwhile. While it is open, nobody else writes to the store: what is sent and
    /// what ends waits, up to half a minute, and is refused then ([`StoreError::Busy`]). Nobody is taken for dead because of it.
    ///
    /// Tables of yours live in the file as long as you like, under other names than the store's; make them once the store is
    /// there. `user_version` and `application_id` are the store's.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// use job_orch::engine::sqlite::Sqlite;
    ///
    /// let store = Sqlite::open(folder.path().join("shop.db"))?;
    /// let shop = store.connection()?;
    /// shop.execute_batch("CREATE TABLE IF NOT EXISTS customer (name TEXT NOT NULL)")?;
    /// # Ok(()) }
    /// ```
    ///
    /// [`TransactionError`]: crate::TransactionError
    ///
    /// # Errors
    /// [`OpenError::Sqlite`] if `SQLite` refuses.
    pub fn connection(&self) -> Result<rusqlite::Connection, OpenError> {
        schema::open_for_user(self.path())
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Engine for Sqlite {
    const NAME: &'static str = "sqlite";
    type Channels<J: Run> = SqliteChannels<J>;

    async fn open<J: TravelsOn<Self>>(&self, serving: &Serving) -> Result<SqliteChannels<J>, BoxError> {
        let (Some(request), Some(response)) = (J::REQUEST, J::RESPONSE) else {
            return Err(format!("job `{}` has no codec", J::NAME).into());
        };
        self.open_coded(serving, request, response).await
    }

    fn durability(&self) -> Durability {
        self.0.durability
    }
}

impl Delays for Sqlite {}
impl Prioritises for Sqlite {}
impl Deduplicates for Sqlite {}
impl RemembersKeys for Sqlite {}
impl KeepsResponses for Sqlite {}
impl Pauses for Sqlite {}
impl Remembers for Sqlite {}
impl SharedByProcesses for Sqlite {}
impl Transacts for Sqlite {
    fn send_in<J: Run>(
        channels: &SqliteChannels<J>,
        transaction: &dyn Transact,
        message: Envelope<J>,
        options: &SendOptions,
    ) -> Result<Acceptance, SendError<Envelope<J>>> {
        channels.sender.send_in(transaction, message, options)
    }
}
impl KeepsAnswers for Sqlite {
    async fn archive(&self, job: &'static str, policy: Policy) -> Result<Arc<dyn Archive>, BoxError> {
        Ok(Arc::new(StoreArchive::open(Arc::clone(&self.0), job, policy).await?))
    }
}
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Carries<T> for Sqlite {
    const CODEC: Option<Codec<T>> = Some(Codec::json());
}
