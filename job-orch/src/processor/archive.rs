//! A worker and a cache in its engine's store: asked before a request runs, so that equal ones run once in all processes.

use std::time::Duration;

use super::service::{DeliveryOf, Service};
use super::worker::{Current, Worker};
use crate::cache::{ArchiveKeep, Digest, Keep, Turn};
use crate::channel::{Channels, Delivery, Return};
use crate::id::JobId;
use crate::job::Run;
use crate::sync::Arc;

/// How long a request waits at most for another process before it asks again.
const PATIENCE: Duration = Duration::from_secs(60);

impl<J: Run, C: Channels<J>> Worker<J, C> {
    /// Asks for the leave to run a request; gives it back if it is to run here.
    pub(super) async fn ask_archive(
        &mut self,
        archive: &ArchiveKeep<J>,
        digest: Digest,
        delivery: DeliveryOf<J, C>,
    ) -> Option<DeliveryOf<J, C>> {
        self.current = Current::One(delivery);
        let Current::One(delivery) = &self.current else { return None };
        let id = delivery.message().id();
        match archive.begin(delivery.message().request(), id).await {
            Turn::Run(leave) => {
                self.leave = Some(leave);
                self.current.take_one()
            }
            Turn::Kept(response) => {
                let ended = Ok(response);
                let shares = self.land(&ended);
                self.finish_all(ended, shares).await;
                None
            }
            Turn::Elsewhere => {
                self.await_elsewhere(archive, digest);
                None
            }
        }
    }

    /// Parks the request at hand until the other process has ended: it then comes again, and so do those that join it.
    fn await_elsewhere(&mut self, archive: &ArchiveKeep<J>, digest: Digest) {
        let Some(delivery) = self.current.take_one() else { return };
        let (ended, leader) = (archive.ended(delivery.message().request()), JobId::new());
        self.service.flights.hand_over(digest, leader, delivery);
        archive.count_join();
        let service = Arc::downgrade(&self.service);
        drop(tokio::spawn(async move {
            let _ = tokio::time::timeout(PATIENCE, ended).await;
            if let Some(service) = service.upgrade() {
                service.release(digest, leader).await;
            }
        }));
    }

    /// Returns whoever has joined the request at hand to the queue: its next attempt may run in another process.
    pub(super) async fn disband(&mut self) {
        self.leave = None;
        let (Some(keep), Current::One(delivery)) = (&self.service.keep, &self.current) else { return };
        let (digest, leader) = (keep.digest(delivery.message().request()), delivery.message().id());
        let service = Arc::clone(&self.service);
        service.release(digest, leader).await;
    }
}

impl<J: Run, C: Channels<J>> Service<J, C> {
    /// Ends a flight without an answer: who was parked comes again.
    async fn release(&self, digest: Digest, leader: JobId) {
        for parked in self.flights.land(digest, leader) {
            let _ = parked.nack(Return::Untouched).await;
        }
    }
}
