//! Engines: families of channels. A folder, a feature and a module each.
//!
//! What an engine can do beyond carrying requests and responses is a trait of its own, and what needs it compiles on no other:
//!
//! | capability | `Memory` | `Sqlite` | `testing::Rig` | what it is for |
//! |---|---|---|---|---|
//! | [`Delays`] | yes | yes | yes | `.after(…)` |
//! | [`Prioritises`] | yes | yes | yes | `.priority(…)` |
//! | [`Deduplicates`] | yes | yes | yes | `.unique(…)`, `#[job(unique(…))]` |
//! | [`RemembersKeys`] | no | yes | no | `.unique_for(…)`, `unique(within = …)`, `.even_dead()`: a key that is taken for longer than its request is there |
//! | [`KeepsResponses`] | no | yes | no | `response(…)`, for a caller that was started again |
//! | [`Remembers`] | no | yes | no | `run_as(…)`: runs of flows that go on after a crash |
//! | [`Pauses`] | no | yes | no | `pause(…)` and `resume(…)` |
//! | [`SharedByProcesses`] | no | yes | yes | `.reach(…)`: workers in other processes |
//! | [`KeepsAnswers`] | no | yes | no | `cache(store = engine)` |
//! | [`Transacts`] | no | yes | no | `.in_transaction(…)`, and `context.complete_in(…)` in a job |
//!
//! Every engine bounds a queue by the number of requests that wait; `Sqlite`, which stores bytes, by those too.
//!
//! Every engine fires the ticks of cron jobs; `Sqlite`, and `testing::Rig` on it, once for all processes and over restarts.
//!
//! Which laws of channels each keeps, `cargo test -p job-orch-tests --test conformance matrix -- --nocapture` prints.

mod answers;
mod capabilities;
mod keys;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod transacts;

use std::borrow::Cow;
use std::fmt::Debug;
use std::future::Future;
use std::ops::Deref;

use futures_core::Stream;
use serde::{Deserialize, Serialize};

pub use answers::{AtHand, KeepsAnswers, KeptIn, KeptOn, Stored};
pub use capabilities::{
    Deduplicates, Delays, KeepsResponses, Pauses, Prioritises, Remembers, RemembersKeys, SharedByProcesses,
};
pub use keys::{HeldOn, Keyed, KeyedFor, Keyless};
pub use transacts::Transacts;

#[cfg(feature = "cron")]
use crate::channel::{Acceptance, MpSend, SendError};
use crate::channel::{BoxError, Channels, Codec, Envelope, McReceive, ReceiveError, Response, Withdraw};
#[cfg(feature = "cron")]
use crate::cron::{Fired, Firing, Plan};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::Failure;
use crate::settings::Serving;

/// One family of channels.
///
/// What an engine can do beyond carrying requests and responses it says by implementing the traits of its capabilities:
/// [`Delays`], [`Prioritises`], [`Deduplicates`], [`RemembersKeys`], [`KeepsResponses`], [`KeepsAnswers`], [`Remembers`],
/// [`Pauses`], [`SharedByProcesses`], [`Transacts`].
pub trait Engine: Clone + Debug + Send + Sync + 'static {
    /// What the engine is called.
    const NAME: &'static str;

    /// The channels of one job.
    type Channels<J: Run>: EngineChannels<J>;

    /// Opens the channels of a job.
    ///
    /// # Errors
    /// What the engine says, in its own words.
    fn open<J: TravelsOn<Self>>(
        &self,
        serving: &Serving,
    ) -> impl Future<Output = Result<Self::Channels<J>, BoxError>> + Send;

    /// What an accepted request survives, as far as the engine's actual settings prove it.
    fn durability(&self) -> Durability;
}

/// What the channels of a job are called that serve it so: the job's name, with the queue behind it if that is not the job's own.
/// No two jobs of an orchestrator share it, and no job's name has an `@` in it.
#[must_use]
pub fn channel_name<J: Run>(serving: &Serving) -> Cow<'static, str> {
    if serving.queue == J::SERVING.queue { J::NAME.into() } else { format!("{}@{}", J::NAME, serving.queue).into() }
}

/// What is to be done about a request that makes room for another one.
pub type WhenShed<J> = Box<dyn Fn(&Envelope<J>) + Send + Sync>;

/// The channels of an engine: also a store that can be asked.
pub trait EngineChannels<J: Run>: Channels<J, RequestSender: Withdraw, ResponseReceiver: ResponseStream<J>> {
    /// How many requests wait.
    fn waiting(&self) -> impl Future<Output = Result<u64, BoxError>> + Send;

    /// How many requests were accepted through these channels. What was sent in a transaction of the user's is not counted:
    /// nobody is told whether that commits.
    fn accepted(&self) -> u64;

    /// The dead letters, oldest first.
    fn dead_letters(&self) -> impl Future<Output = Result<Vec<DeadLetter>, BoxError>> + Send;

    /// Sends a dead letter again, with all its attempts before it. Says whether there was one of this id.
    fn redrive(&self, id: JobId) -> impl Future<Output = Result<bool, BoxError>> + Send;

    /// Drops a dead letter. Says whether there was one of this id.
    fn drop_dead_letter(&self, id: JobId) -> impl Future<Output = Result<bool, BoxError>> + Send;

    /// The response to the request with this id, if the engine has kept it. By default none is kept.
    fn response(&self, id: JobId) -> impl Future<Output = Result<Option<Response<J>>, BoxError>> + Send {
        let _ = id;
        std::future::ready(Ok(None))
    }

    /// Hands out no more requests of the job, in all processes and after every start, until it is told otherwise. By default
    /// that is refused.
    fn pause(&self, is_paused: bool) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = is_paused;
        std::future::ready(Err("this engine does not pause".into()))
    }

    /// Whether the job is paused.
    fn is_paused(&self) -> impl Future<Output = Result<bool, BoxError>> + Send {
        std::future::ready(Ok(false))
    }

    /// Has `told` run for each request that makes room for another one, before it is buried. Told once, by the orchestrator. By
    /// default nothing is told: an engine that hands nothing back in memory has nothing that depends on a request.
    fn when_shed(&self, told: WhenShed<J>) {
        drop(told);
    }

    /// Takes a request out that waits, since it is cancelled. An engine that records how requests end does so in the same step.
    /// By default it is [withdrawn](Withdraw::withdraw).
    ///
    /// # Cancel safety
    /// Dropped early, it may have been taken out.
    fn cancel_waiting(&self, id: JobId) -> impl Future<Output = Result<Withdrawn<J>, BoxError>> + Send {
        let requests = self.request_sender();
        async move { Ok(requests.withdraw(id).await?.map_or(Withdrawn::Nothing, Withdrawn::Taken)) }
    }

    /// Whether requests that run here may be stopped by other processes.
    const STOPS: bool = false;

    /// Asks the process that runs the request with this id to stop it. Says whether any runs it. By default none does.
    fn stop_elsewhere(&self, id: JobId) -> impl Future<Output = Result<bool, BoxError>> + Send {
        let _ = id;
        std::future::ready(Ok(false))
    }

    /// Waits for a request that runs here, and that another process asks to stop. It may be one that has just ended. By
    /// default there never is one.
    ///
    /// # Cancel safety
    /// A future dropped before it is ready has missed nothing.
    fn next_stop(&self) -> impl Future<Output = JobId> + Send {
        std::future::pending()
    }

    /// A run of a flow has ended: forgets its steps, or only those that failed, if it may come again. By default nothing was
    /// remembered.
    fn end_run(&self, run: JobId, is_over: bool) {
        let _ = (run, is_over);
    }

    /// Up to where the schedule of this job was done, in milliseconds since 1970, if the engine keeps that: a schedule that it
    /// does not know begins `now`, and takes the place of any other one of the job; its first tick is `next`. By default nothing
    /// is kept.
    #[cfg(feature = "cron")]
    fn schedule(
        &self,
        plan: Plan,
        now: i64,
        next: Option<i64>,
    ) -> impl Future<Output = Result<Option<i64>, BoxError>> + Send {
        let _ = (plan, now, next);
        std::future::ready(Ok(None))
    }

    /// Fires a tick: where the schedule is kept, it moves on in one transaction with the request. By default the request is
    /// sent.
    ///
    /// # Cancel safety
    /// Dropped early, it has fired the tick or not.
    #[cfg(feature = "cron")]
    fn fire(&self, firing: Firing<J>) -> impl Future<Output = Result<Fired, BoxError>> + Send {
        let requests = self.request_sender();
        async move {
            let options = firing.options();
            let Some(envelope) = firing.request else { return Ok(Fired::Done) };
            match requests.send_with(envelope, options).await {
                Ok(Acceptance::New) => Ok(Fired::Done),
                Ok(Acceptance::Duplicate(_)) => Ok(Fired::Overlapped),
                Err(SendError::Full(_)) => Ok(Fired::Full),
                Err(SendError::Closed(_)) => Ok(Fired::Closed),
                Err(error) => Err(error.map(drop).into()),
            }
        }
    }

    /// Begins the end: accepts no further request, and hands out no more of those that another process, or a later start,
    /// will handle. By default that is [`close`](Channels::close): what waits is still delivered.
    fn retire(&self) {
        self.close();
    }

    /// After the last worker has gone: puts every request that this process alone knew among the dead letters, and
    /// answers its caller. Returns their number. On an engine that keeps them for the next process, that is none.
    fn abandon(&self) -> u64;
}

/// A response receiver that is a stream too, of deliveries that deref to the response.
pub trait ResponseStream<J: Run>:
    McReceive<Message = Response<J>, Delivery: Deref<Target = Response<J>>>
    + Stream<Item = Result<<Self as McReceive>::Delivery, ReceiveError>>
    + Unpin
{
}

impl<J, R> ResponseStream<J> for R
where
    J: Run,
    R: McReceive<Message = Response<J>, Delivery: Deref<Target = Response<J>>>,
    R: Stream<Item = Result<<R as McReceive>::Delivery, ReceiveError>> + Unpin,
{
}

/// What came of a request that was to be cancelled while it waits.
#[derive(Debug)]
pub enum Withdrawn<J: Run> {
    /// None of this id waits.
    Nothing,
    /// It was taken out. Its caller and the broadcast are to be told.
    Taken(Envelope<J>),
    /// It was taken out, and its end is recorded: the broadcast tells it. It comes along for its caller, if it can be read.
    Recorded(Option<Envelope<J>>),
}

/// A request that used up its attempts, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The id of the request.
    pub id: JobId,
    /// Why it died.
    pub reason: Failure,
}

impl DeadLetter {
    /// A dead letter.
    #[must_use]
    pub const fn new(id: JobId, reason: Failure) -> Self {
        Self { id, reason }
    }
}

/// What an accepted request survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Durability {
    /// Nothing: it is lost with the process.
    Memory,
    /// The death of the process.
    ProcessCrash,
    /// The loss of power.
    PowerLoss,
    /// The loss of so many nodes.
    Replicated(u8),
}

/// An engine on which values of the type `T` can travel.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot travel on `{Self}`, which moves bytes",
    label = "`{T}` is not `Serialize + DeserializeOwned`",
    note = "derive `serde::Serialize` and `serde::Deserialize` for `{T}` or for what it holds; `Memory` moves values and \
            needs neither"
)]
pub trait Carries<T>: Engine {
    /// How such values become bytes; none on an engine that moves values.
    const CODEC: Option<Codec<T>> = None;
}

/// A job whose requests and responses can travel on the engine `E`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job",
    note = "`#[job]` on `async fn index` makes the job type `Index`"
)]
pub trait TravelsOn<E>: Run {
    /// How its requests become bytes.
    const REQUEST: Option<Codec<Self::Request>>;
    /// How its responses become bytes.
    const RESPONSE: Option<Codec<Self::Response>>;
}

impl<J: Run, E: Carries<J::Request> + Carries<J::Response>> TravelsOn<E> for J {
    const REQUEST: Option<Codec<J::Request>> = <E as Carries<J::Request>>::CODEC;
    const RESPONSE: Option<Codec<J::Response>> = <E as Carries<J::Response>>::CODEC;
}
