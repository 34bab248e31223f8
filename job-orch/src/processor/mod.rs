//! Who runs jobs: a [`Processor`] receives requests, runs the job and broadcasts responses.

mod archive;
mod attempt;
mod batch;
mod counters;
mod flights;
mod handle;
mod in_place;
mod outlet;
mod record;
mod running;
mod service;
mod settle;
#[cfg(feature = "cron")]
mod timekeeper;
mod worker;

use std::fmt;
use std::future::Future;
use std::time::Duration;

pub use counters::JobCounts;
pub(crate) use service::Service;
#[cfg(feature = "cron")]
pub(crate) use timekeeper::{Dial, Timekeeper};
pub(crate) use worker::Worker;

use crate::channel::{Channels, Envelope, McReceive, MpSend, Response};
use crate::job::Run;
use crate::sync::Arc;

/// How long a job that listens to its cancellation token may go on after it was told to stop.
pub const GRACE: Duration = Duration::from_secs(5);

/// Receives requests, runs a job and broadcasts responses, for as many clients as want to send and to listen.
pub trait Processor {
    /// The job.
    type Job: Run;
    /// Sends requests to it.
    type RequestSender: MpSend<Message = Envelope<Self::Job>>;
    /// Receives its responses.
    type ResponseReceiver: McReceive<Message = Response<Self::Job>>;

    /// One more sender of requests.
    fn request_sender(&self) -> Self::RequestSender;

    /// One more receiver, which sees every response from now on.
    fn response_receiver(&self) -> Self::ResponseReceiver
    where
        <Self::Job as Run>::Response: Clone;

    /// Runs until every sender is gone, or the channel is closed, and every request is handled.
    ///
    /// # Cancel safety
    /// A future dropped early returns the request that was running to the channel; other processors on it go on.
    fn run(self, resources: &mut <Self::Job as Run>::Resources) -> impl Future<Output = ()> + Send;
}

/// The processor of a job on given channels: one worker; its clones are further ones.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use job_orch::channel::{Envelope, McReceive, MpSend};
/// use job_orch::engine::memory::MemoryChannels;
/// use job_orch::processor::{JobProcessor, Processor};
/// use job_orch::{Run, job};
///
/// #[job]
/// async fn double(number: &u64) -> u64 {
///     number * 2
/// }
///
/// let processor = JobProcessor::new(Double, MemoryChannels::new(&Double::SERVING));
/// let requests = processor.request_sender();
/// let mut responses = processor.response_receiver();
/// let worker = tokio::spawn(async move { processor.run(&mut ()).await });
///
/// requests.send(Envelope::new(21)).await.unwrap();
/// assert_eq!(responses.receive().await.unwrap().outcome, Ok(42));
/// drop(requests);
/// worker.await.unwrap();
/// # }
/// ```
pub struct JobProcessor<J: Run, C: Channels<J>> {
    service: Arc<Service<J, C>>,
    channels: C,
}

impl<J: Run, C: Channels<J>> JobProcessor<J, C> {
    /// A processor of this job on these channels. The answers of a job with `cache(store = engine)` are not kept here: that
    /// takes an engine, and so an orchestrator.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a job is named by its value, which is nothing")]
    pub fn new(job: J, channels: C) -> Self {
        let _ = job;
        Self { service: Arc::new(Service::new(J::SERVING, J::keep())), channels }
    }

    /// What has become of the requests so far.
    #[must_use]
    pub fn counts(&self) -> JobCounts {
        self.service.counts()
    }
}

impl<J: Run, C: Channels<J>> Clone for JobProcessor<J, C> {
    fn clone(&self) -> Self {
        Self { service: Arc::clone(&self.service), channels: self.channels.clone() }
    }
}

impl<J: Run, C: Channels<J>> fmt::Debug for JobProcessor<J, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobProcessor").field("service", &self.service).finish_non_exhaustive()
    }
}

impl<J: Run, C: Channels<J>> Processor for JobProcessor<J, C> {
    type Job = J;
    type RequestSender = C::RequestSender;
    type ResponseReceiver = C::ResponseReceiver;

    fn request_sender(&self) -> C::RequestSender {
        self.channels.request_sender()
    }

    fn response_receiver(&self) -> C::ResponseReceiver
    where
        J::Response: Clone,
    {
        self.service.listened();
        self.channels.response_receiver()
    }

    async fn run(self, resources: &mut J::Resources) {
        let mut worker = Worker::new(self.service, &self.channels);
        // Else the channel would never close: the processor holds a sender too.
        drop(self.channels);
        worker.run(resources).await;
    }
}
