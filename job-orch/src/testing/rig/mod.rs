//! [`Rig`]: an engine that is watched.

mod faults;
mod gate;
mod held;
mod ledger;
mod receiver;
mod responses;
mod sender;

use std::fmt;

pub use faults::Point;
pub use held::Held;
pub use receiver::RigReceiver;
pub use responses::{Heard, RigBroadcast, RigListener};
pub use sender::RigSender;

use faults::Faults;
use gate::Gate;
pub(super) use ledger::Ledger;

use super::history::Recorder;
use crate::channel::{BoxError, Channels, Codec, McReceive, Record, Response, SettleError};
#[cfg(feature = "cron")]
use crate::cron::{Fired, Firing, Plan};
use crate::engine::memory::{Memory, MemoryChannels};
use crate::engine::sqlite::{Sqlite, SqliteChannels};
use crate::engine::{
    Carries, DeadLetter, Deduplicates, Delays, Durability, Engine, EngineChannels, Prioritises, SharedByProcesses,
    TravelsOn,
};
use crate::id::JobId;
use crate::job::Run;
use crate::settings::Serving;
use crate::sync::Arc;

/// An engine that is watched: whatever it is asked and does is written into a history, and faults can be put in its way.
///
/// Which engine it is, a value says: `Memory` or `Sqlite`. It has the capabilities that both have, and everything that travels
/// on it becomes bytes in either case.
///
/// A job that says nothing of its retries is not retried on it.
///
/// ```
/// use job_orch::prelude::*;
/// use job_orch::testing::Rig;
/// use job_orch::testing::history::{History, Promises, Recorder};
///
/// #[job]
/// async fn double(number: &u64) -> u64 {
///     number * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let recorder = Recorder::in_memory("test");
/// let orch = Orchestrator::on(Rig::of(Memory::new(), recorder.clone())).host(Double).start().await?;
/// assert_eq!(orch.call(Double, 21).await?, 42);
/// orch.shutdown().await?;
/// let words: Vec<_> = recorder.entries().iter().map(|entry| entry.event.word()).collect();
/// assert_eq!(words, ["began", "sent", "accepted", "started", "finished", "recorded"]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Rig(Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    kind: Kind,
    pub(super) recorder: Recorder,
    pub(super) gate: Gate,
    faults: Faults,
    /// What waits and runs, for a test that asks. Without it, nothing is kept.
    pub(super) ledger: Option<Ledger>,
}

/// The engine behind a [`Rig`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// In memory.
    Memory(Memory),
    /// On a file.
    Sqlite(Sqlite),
}

impl From<Memory> for Kind {
    fn from(engine: Memory) -> Self {
        Self::Memory(engine)
    }
}

impl From<Sqlite> for Kind {
    fn from(engine: Sqlite) -> Self {
        Self::Sqlite(engine)
    }
}

impl Rig {
    /// Watches this engine.
    #[must_use]
    pub fn of(engine: impl Into<Kind>, recorder: Recorder) -> Self {
        Self::assembled(engine.into(), recorder, Gate::open(), None)
    }

    /// The same for a test, which lets requests through one by one.
    pub(super) fn held(kind: Kind, recorder: Recorder) -> Self {
        Self::assembled(kind, recorder, Gate::shut(), Some(Ledger::default()))
    }

    fn assembled(kind: Kind, recorder: Recorder, gate: Gate, ledger: Option<Ledger>) -> Self {
        Self(Arc::new(Parts { kind, recorder, gate, faults: Faults::default(), ledger }))
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0
    }

    /// Has the next so many operations of a job fail at this point.
    pub fn inject<J: Run>(&self, job: J, point: Point, times: u32) {
        drop(job);
        self.0.faults.inject(J::NAME, point, times);
    }
}

impl Engine for Rig {
    const NAME: &'static str = "rig";
    type Channels<J: Run> = RigChannels<J>;

    async fn open<J: TravelsOn<Self>>(&self, serving: &Serving) -> Result<RigChannels<J>, BoxError> {
        let (Some(request), Some(response)) = (J::REQUEST, J::RESPONSE) else {
            return Err(format!("job `{}` has no codec", J::NAME).into());
        };
        let inner = match &self.0.kind {
            Kind::Memory(_) if serving.workers == 0 => {
                return Err(
                    format!("job `{}` is hosted nowhere: no other process serves jobs in memory", J::NAME).into()
                );
            }
            Kind::Memory(_) => Inner::Memory(MemoryChannels::new(serving)),
            Kind::Sqlite(engine) => Inner::Sqlite(engine.open_coded(serving, request, response).await?),
        };
        let workers = u32::try_from(serving.workers).unwrap_or(u32::MAX);
        self.0.recorder.note(super::history::Event::Began { workers });
        Ok(RigChannels { inner, link: Arc::new(Link { rig: Arc::clone(&self.0), request, response }) })
    }

    fn durability(&self) -> Durability {
        match &self.0.kind {
            Kind::Memory(engine) => engine.durability(),
            Kind::Sqlite(engine) => engine.durability(),
        }
    }
}

impl Delays for Rig {}
impl Prioritises for Rig {}
impl Deduplicates for Rig {}
/// Of a file. One in memory says at its start that nobody serves a job which is only reached.
impl SharedByProcesses for Rig {}
#[diagnostic::do_not_recommend]
impl<T> Carries<T> for Rig
where
    Sqlite: Carries<T>,
{
    const CODEC: Option<Codec<T>> = <Sqlite as Carries<T>>::CODEC;
}

/// What all ends of a job's channels share.
pub(super) struct Link<J: Run> {
    rig: Arc<Parts>,
    request: Codec<J::Request>,
    response: Codec<J::Response>,
}

/// The same end of either engine.
#[derive(Clone)]
enum Inner<M, S> {
    Memory(M),
    Sqlite(S),
}

/// Does the same with either.
macro_rules! either {
    ($inner:expr, $end:ident => $does:expr) => {
        match $inner {
            $crate::testing::rig::Inner::Memory($end) => $does,
            $crate::testing::rig::Inner::Sqlite($end) => $does,
        }
    };
}
use either;

/// The two channels of one job on a [`Rig`].
pub struct RigChannels<J: Run> {
    inner: Inner<MemoryChannels<J>, SqliteChannels<J>>,
    link: Arc<Link<J>>,
}

impl<J: Run> Clone for RigChannels<J> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), link: Arc::clone(&self.link) }
    }
}

impl<J: Run> fmt::Debug for RigChannels<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RigChannels").field("job", &J::NAME).finish_non_exhaustive()
    }
}

impl<J: Run> Channels<J> for RigChannels<J> {
    type RequestSender = RigSender<J>;
    type RequestReceiver = RigReceiver<J>;
    type ResponseSender = RigBroadcast<J>;
    type ResponseReceiver = RigListener<J>;

    const RECORDS: bool = true;

    fn request_sender(&self) -> RigSender<J> {
        RigSender::new(&self.inner, &self.link)
    }
    fn request_receiver(&self) -> RigReceiver<J> {
        RigReceiver::new(&self.inner, &self.link)
    }
    fn response_sender(&self) -> RigBroadcast<J> {
        RigBroadcast::new(&self.inner)
    }
    fn response_receiver(&self) -> RigListener<J> {
        RigListener::new(&self.inner, &self.link)
    }
    fn close(&self) {
        either!(&self.inner, channels => channels.close());
    }

    fn record(
        delivery: &mut <RigReceiver<J> as McReceive>::Delivery,
        end: Record<'_, J>,
    ) -> impl Future<Output = Result<(), SettleError>> + Send {
        delivery.record(end)
    }
}

impl<J: Run> EngineChannels<J> for RigChannels<J> {
    async fn waiting(&self) -> Result<u64, BoxError> {
        either!(&self.inner, channels => channels.waiting().await)
    }

    fn accepted(&self) -> u64 {
        either!(&self.inner, channels => channels.accepted())
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, BoxError> {
        either!(&self.inner, channels => channels.dead_letters().await)
    }

    async fn redrive(&self, id: JobId) -> Result<bool, BoxError> {
        // Noted first: it may run before the answer is there.
        self.link.rig.recorder.note(super::history::Event::Redriven { id });
        either!(&self.inner, channels => channels.redrive(id).await)
    }

    async fn drop_dead_letter(&self, id: JobId) -> Result<bool, BoxError> {
        either!(&self.inner, channels => channels.drop_dead_letter(id).await)
    }

    async fn response(&self, id: JobId) -> Result<Option<Response<J>>, BoxError> {
        either!(&self.inner, channels => channels.response(id).await)
    }

    async fn pause(&self, is_paused: bool) -> Result<(), BoxError> {
        either!(&self.inner, channels => channels.pause(is_paused).await)
    }

    async fn is_paused(&self) -> Result<bool, BoxError> {
        either!(&self.inner, channels => channels.is_paused().await)
    }

    async fn stop_elsewhere(&self, id: JobId) -> Result<bool, BoxError> {
        either!(&self.inner, channels => channels.stop_elsewhere(id).await)
    }

    async fn next_stop(&self) -> JobId {
        either!(&self.inner, channels => channels.next_stop().await)
    }

    #[cfg(feature = "cron")]
    async fn schedule(&self, plan: Plan, now: i64, next: Option<i64>) -> Result<Option<i64>, BoxError> {
        either!(&self.inner, channels => channels.schedule(plan, now, next).await)
    }

    #[cfg(feature = "cron")]
    async fn fire(&self, firing: Firing<J>) -> Result<Fired, BoxError> {
        let noted = self.request_sender().note_firing(&firing);
        let fired = either!(&self.inner, channels => channels.fire(firing).await);
        if let Some(noted) = noted {
            self.request_sender().note_fired(noted, &fired);
        }
        fired
    }

    fn retire(&self) {
        // Whoever stands there sees the end.
        self.link.rig.gate.open_for_good();
        either!(&self.inner, channels => channels.retire());
    }

    fn abandon(&self) -> u64 {
        either!(&self.inner, channels => channels.abandon())
    }
}
