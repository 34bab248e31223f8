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
//!   transaction. One sync of the log then makes it last, and only after it is any of them answered; the next transaction is
//!   under way meanwhile. A call waits a moment for its own answer, so that one sync does for both. What has piled up in the
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
//!   request in.
//! - **Transactions of yours** on the same file can have requests in them ([`in_transaction`](crate::Send::in_transaction)), and
//!   a job can end its request in one ([`complete_in`](crate::Context::complete_in)), so that what it does there is done once. Your
//!   connection is to the store what another process is. No hook of it is touched, so it rings no bell: the process looks for its
//!   commit, soon and a few times, and tells the others. Should the process die in between, they see it at their next look.
//! - A **shutdown** finishes what runs, and leaves what waits for the next start or another process.
//!
//! # What people see
//! `sqlite3 jobs.db 'SELECT * FROM jobs'` shows what waits, runs or is dead; `results` shows what has ended, `processes` who
//! works on it, `answers` what the caches have kept. The tables below are described in `schema.sql`, `answers.sql`, `steps.sql` and `schedules.sql`; they are the engine's own.
//! Tables of yours can lie beside them: see [`Sqlite::connection`].

mod answers;
mod archive;
mod broadcast;
mod channel;
mod checksum;
mod checkup;
mod claims;
mod clock;
mod committed;
mod completion;
mod disk;
mod ends;
mod error;
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
mod writer;

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use broadcast::{Broadcast, Listener, Seen};
pub use error::{OpenError, StoreError};
pub use lease::Lease;
pub use options::Options;
pub use receiver::Receiver;
pub use rusqlite;
pub use sender::Sender;

use archive::StoreArchive;
use channel::Channel;
use local::{Local, State};
use store::Store;

use crate::cache::{Archive, Policy};
use crate::channel::{
    Acceptance, BoxError, Channels, Codec, Completes, Envelope, Record, Response, SendError, SendOptions, SettleError,
    Transact,
};
#[cfg(feature = "cron")]
use crate::cron::{Fired, Firing};
use crate::engine::{
    Carries, DeadLetter, Deduplicates, Delays, Durability, Engine, EngineChannels, KeepsAnswers, KeepsResponses,
    Pauses, Prioritises, Remembers, RemembersKeys, SharedByProcesses, Transacts, TravelsOn, channel_name,
};
use crate::id::JobId;
use crate::job::Run;
use crate::retry::Retry;
use crate::settings::Serving;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;

/// Retries of a job that does not say how often: 25, over some 20 days.
const RETRY: Retry = Retry::times(25).polynomial(Duration::from_secs(1)).at_most(Duration::from_secs(7 * 86_400));

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
    /// requests are [sent](crate::Send::in_transaction) and [completed](crate::Context::complete_in). What it commits
    /// survives what the store promises.
    ///
    /// Any other connection to the file will do too, as `rusqlite` opens it. It is refused ([`TransactionError`]) if its
    /// `PRAGMA synchronous` is lower than this one's: `FULL`, or `NORMAL` on a store that need not survive the loss of power.
    /// `BEGIN IMMEDIATE` (`transaction_with_behavior`) is best for what will write: it waits for its turn, and never fails
    /// later because somebody else has written meanwhile. While it is open, nobody else writes to the store.
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
        schema::open_for_user(self.path(), self.0.durability)
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

impl Sqlite {
    /// Opens the channels of a job whose values become bytes by these codecs.
    pub(crate) async fn open_coded<J: Run>(
        &self,
        serving: &Serving,
        request: Codec<J::Request>,
        response: Codec<J::Response>,
    ) -> Result<SqliteChannels<J>, BoxError> {
        let name = channel_name::<J>(serving);
        let register = move |transaction: &mut transaction::Transaction<'_>| {
            let job = transaction.register(&name)?;
            Ok((job, transaction.job(job)?.position()))
        };
        let (job, position) = self.0.writer.ask(register).await?;
        let most_attempts = J::SETTINGS.retry.unwrap_or(RETRY).max.saturating_add(1);
        let local = Arc::new(Local::new(job, position, serving, most_attempts));
        self.0.list(&local);
        let channel = Arc::new(Channel::new(Arc::clone(&self.0), local, request, response));
        tokio::spawn(Channel::answer_callers(Arc::downgrade(&channel), Arc::clone(&channel.local)));
        Ok(SqliteChannels {
            sender: Sender::new(Arc::clone(&channel)),
            broadcast: Broadcast::new(Arc::clone(&channel)),
            channel,
        })
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

/// The two channels of one job in a store.
pub struct SqliteChannels<J: Run> {
    sender: Sender<J>,
    broadcast: Broadcast<J>,
    channel: Arc<Channel<J>>,
}

impl<J: Run> Clone for SqliteChannels<J> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), broadcast: self.broadcast.clone(), channel: Arc::clone(&self.channel) }
    }
}

impl<J: Run> fmt::Debug for SqliteChannels<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteChannels").field("job", &J::NAME).finish_non_exhaustive()
    }
}

impl<J: Run> Channels<J> for SqliteChannels<J> {
    type RequestSender = Sender<J>;
    type RequestReceiver = Receiver<J>;
    type ResponseSender = Broadcast<J>;
    type ResponseReceiver = Listener<J>;

    const RETRY: Option<Retry> = Some(RETRY);
    const RECORDS: bool = true;
    const REMEMBERS: bool = true;
    const COMPLETES: bool = true;

    fn request_sender(&self) -> Sender<J> {
        self.sender.clone()
    }
    fn request_receiver(&self) -> Receiver<J> {
        Receiver::new(Arc::clone(&self.channel))
    }
    fn response_sender(&self) -> Broadcast<J> {
        self.broadcast.clone()
    }
    fn response_receiver(&self) -> Listener<J> {
        self.broadcast.listen()
    }
    fn close(&self) {
        self.sender.close();
    }

    fn record(delivery: &mut Lease<J>, end: Record<'_, J>) -> impl Future<Output = Result<(), SettleError>> + Send {
        delivery.record(end)
    }

    fn completion(delivery: &Lease<J>) -> Option<Arc<dyn Completes>> {
        Some(delivery.give_completion()?)
    }

    fn completed(delivery: &mut Lease<J>) -> impl Future<Output = Result<Option<Response<J>>, SettleError>> + Send {
        delivery.completed()
    }
}

impl<J: Run> EngineChannels<J> for SqliteChannels<J> {
    /// How many requests wait, in all processes together.
    async fn waiting(&self) -> Result<u64, BoxError> {
        let job = self.channel.local.job;
        let waiting: i64 = self.channel.store.reader.ask(move |store| requests::waiting(store, job)).await?;
        Ok(u64::try_from(waiting)?)
    }

    fn accepted(&self) -> u64 {
        self.channel.local.accepted.load(Ordering::Relaxed)
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, BoxError> {
        let job = self.channel.local.job;
        let dead = self.channel.store.reader.ask(move |store| requests::dead(store, job)).await?;
        Ok(dead.into_iter().map(|(id, reason)| DeadLetter::new(id, reason)).collect())
    }

    async fn redrive(&self, id: JobId) -> Result<bool, BoxError> {
        let local = Arc::clone(&self.channel.local);
        let redriven = self.channel.store.writer.ask(move |transaction| {
            if local.is_closed() {
                return Ok(None);
            }
            transaction.redrive(local.job, id).map(Some)
        });
        redriven.await?.ok_or_else(|| "the channel is closed".into())
    }

    async fn drop_dead_letter(&self, id: JobId) -> Result<bool, BoxError> {
        let job = self.channel.local.job;
        Ok(self.channel.store.writer.ask(move |transaction| transaction.drop_dead(job, id)).await?)
    }

    async fn response(&self, id: JobId) -> Result<Option<Response<J>>, BoxError> {
        let job = self.channel.local.job;
        let found = self.channel.store.reader.ask(move |store| responses::find(store, job, id)).await?;
        Ok(found.map(|kept| self.channel.read_response(kept)))
    }

    async fn pause(&self, is_paused: bool) -> Result<(), BoxError> {
        let job = self.channel.local.job;
        let pause = move |transaction: &mut transaction::Transaction<'_>| {
            transaction.job(job)?.pause(is_paused);
            Ok(())
        };
        Ok(self.channel.store.writer.ask(pause).await?)
    }

    async fn is_paused(&self) -> Result<bool, BoxError> {
        let job = self.channel.local.job;
        Ok(self.channel.store.reader.ask(move |store| requests::is_paused(store, job)).await?)
    }

    const STOPS: bool = true;

    async fn stop_elsewhere(&self, id: JobId) -> Result<bool, BoxError> {
        let job = self.channel.local.job;
        Ok(self.channel.store.writer.ask(move |transaction| transaction.ask_to_stop(job, id)).await?)
    }

    async fn next_stop(&self) -> JobId {
        self.channel.local.next_stop().await
    }

    fn end_run(&self, run: JobId, is_over: bool) {
        self.channel.store.writer.tell(move |transaction| transaction.end_run(run, is_over));
    }

    #[cfg(feature = "cron")]
    async fn schedule(&self, expression: &'static str, zone: &'static str, now: i64) -> Result<Option<i64>, BoxError> {
        let times = schedules::Times { job: J::NAME, expression, zone };
        Ok(Some(self.begin_schedule(times, now).await?))
    }

    #[cfg(feature = "cron")]
    async fn fire(&self, firing: Firing<J>) -> Result<Fired, BoxError> {
        self.fire_tick(firing).await
    }

    fn retire(&self) {
        self.channel.local.advance(State::Retired);
        self.channel.look();
    }

    fn abandon(&self) -> u64 {
        self.retire();
        self.channel.dismiss_callers();
        self.broadcast.close();
        // What waits is kept for the next process.
        0
    }
}
