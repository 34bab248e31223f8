//! A hosted job whose type the orchestrator has forgotten.

use std::any::Any;

use async_trait::async_trait;

use super::health::JobHealth;
use crate::channel::Channels;
use crate::client::{Client, Door};
use crate::engine::{Engine, EngineChannels};
use crate::id::JobId;
use crate::job::Run;
use crate::sync::Arc;

/// A hosted job whose type the orchestrator has forgotten. Its client is found again by [`as_any`](HostedJob::as_any).
#[async_trait]
pub(crate) trait HostedJob: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn name(&self) -> &'static str;
    /// Makes its clients in other queues known to it.
    fn adopt(&self, siblings: &[Arc<dyn HostedJob>]);
    /// An `Arc<dyn Door<J>>` of its job, for flows.
    fn door(&self) -> Box<dyn Any>;
    /// Whether its engine remembers the steps of a run.
    fn remembers(&self) -> bool;
    /// A run has ended: the engine forgets its steps, or those that failed, if it may come again.
    fn end_run(&self, run: JobId, is_over: bool);
    /// Accepts nothing more.
    fn close(&self);
    /// Asks what runs to end: the process does.
    fn interrupt(&self);
    /// Waits until that has ended.
    async fn settled(&self);
    /// Returns what was parked to the queue.
    async fn ground(&self);
    /// Answers whoever waits for an answer that will not come; returns how many requests were left.
    fn abandon(&self) -> u64;
    async fn health(&self) -> JobHealth;
}

#[async_trait]
impl<J: Run, E: Engine> HostedJob for Client<J, E> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn name(&self) -> &'static str {
        J::NAME
    }

    fn adopt(&self, siblings: &[Arc<dyn HostedJob>]) {
        let mine = siblings.iter().filter_map(|sibling| sibling.as_any().downcast_ref::<Self>());
        Client::adopt(self, mine.cloned().collect());
    }

    fn door(&self) -> Box<dyn Any> {
        let door: Arc<dyn Door<J>> = Arc::new(self.clone());
        Box::new(door)
    }

    fn remembers(&self) -> bool {
        <E::Channels<J> as Channels<J>>::REMEMBERS
    }

    fn end_run(&self, run: JobId, is_over: bool) {
        self.channels().end_run(run, is_over);
    }

    fn close(&self) {
        self.channels().retire();
    }

    fn interrupt(&self) {
        self.service().interrupt();
    }

    async fn settled(&self) {
        self.service().settled().await;
    }

    async fn ground(&self) {
        self.service().ground().await;
    }

    fn abandon(&self) -> u64 {
        self.service().abandon();
        self.channels().abandon()
    }

    async fn health(&self) -> JobHealth {
        JobHealth {
            job: J::NAME,
            queue: self.queue(),
            workers: self.service().serving.workers,
            working: self.service().working(),
            accepted: self.channels().accepted(),
            waiting: self.channels().waiting().await.ok(),
            counts: self.counts(),
        }
    }
}
