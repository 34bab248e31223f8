//! The two channels of one job in a store: [`SqliteChannels`].

use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::broadcast::{Broadcast, Listener};
use super::channel::Channel;
use super::lease::Lease;
use super::local::{Local, State};
use super::receiver::Receiver;
#[cfg(feature = "cron")]
use super::schedules;
use super::sender::Sender;
use super::transaction::Transaction;
use super::{Sqlite, requests, responses};
use crate::channel::{BoxError, Channels, Codec, Completes, Record, Response, SettleError};
#[cfg(feature = "cron")]
use crate::cron::{Fired, Firing};
use crate::engine::{DeadLetter, EngineChannels, Withdrawn, channel_name};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::CallError;
use crate::retry::Retry;
use crate::settings::Serving;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;

/// Retries of a job that does not say how often: 25, over some 20 days.
const RETRY: Retry = Retry::times(25).polynomial(Duration::from_secs(1)).at_most(Duration::from_secs(7 * 86_400));

impl Sqlite {
    /// Opens the channels of a job whose values become bytes by these codecs.
    pub(crate) async fn open_coded<J: Run>(
        &self,
        serving: &Serving,
        request: Codec<J::Request>,
        response: Codec<J::Response>,
    ) -> Result<SqliteChannels<J>, BoxError> {
        let name = channel_name::<J>(serving);
        let register = move |transaction: &mut Transaction<'_>| {
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

/// The two channels of one job in a store.
pub struct SqliteChannels<J: Run> {
    pub(super) sender: Sender<J>,
    broadcast: Broadcast<J>,
    pub(super) channel: Arc<Channel<J>>,
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
        let pause = move |transaction: &mut Transaction<'_>| {
            transaction.job(job)?.pause(is_paused);
            Ok(())
        };
        Ok(self.channel.store.writer.ask(pause).await?)
    }

    async fn is_paused(&self) -> Result<bool, BoxError> {
        let job = self.channel.local.job;
        Ok(self.channel.store.reader.ask(move |store| requests::is_paused(store, job)).await?)
    }

    async fn cancel_waiting(&self, id: JobId) -> Result<Withdrawn<J>, BoxError> {
        let job = self.channel.local.job;
        let Some(taken) = self.channel.store.writer.ask(move |transaction| transaction.cancel(job, id)).await? else {
            return Ok(Withdrawn::Nothing);
        };
        let read = self.channel.read(taken);
        if let Err(reason) = &read {
            tracing::warn!(target: "job_orch", { job.name = J::NAME, job.id = %id, reason }, "an unreadable request was cancelled");
            self.channel.answer(id, Err(CallError::Cancelled { job: J::NAME }));
        }
        Ok(Withdrawn::Recorded(read.ok()))
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
