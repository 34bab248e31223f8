//! [`Held`]: who has left a line and may come back.

use std::future::Future;

use super::engine::Lease;
use super::places::Place;
use super::{Keep, Shared};
use crate::dispatch::error::LineError;
use crate::dispatch::history::Delivery;
use crate::dispatch::item::Item;
use crate::sync::{Arc, lock};

/// One that was taken out of a line. Dropped, it is back at its old place.
#[derive(Debug)]
#[must_use = "dropped, it goes back into its line"]
pub(in crate::dispatch) struct Held {
    line: Arc<Shared>,
    seq: u64,
    item: Item,
    // Of the engine.
    lease: Option<Box<dyn Lease>>,
    is_given: bool,
}

impl Held {
    pub(super) const fn new(line: Arc<Shared>, seq: u64, item: Item) -> Self {
        Self { line, seq, item, lease: None, is_given: false }
    }

    pub(super) const fn leased(line: Arc<Shared>, seq: u64, item: Item, lease: Box<dyn Lease>) -> Self {
        Self { line, seq, item, lease: Some(lease), is_given: false }
    }

    pub(in crate::dispatch) const fn item(&self) -> &Item {
        &self.item
    }

    /// Has the line's file show it no more, and waits until that is so. It may still come back, also after a crash.
    pub(in crate::dispatch) async fn leave(&self) -> Result<(), LineError> {
        let Keep::File(file) = &self.line.keep else { return Ok(()) };
        lock(&self.line.places).leave(self.seq);
        file.write(&self.line).await
    }

    /// It is given: it will not come back, not even if this process is killed now. The disk is told soon.
    pub(in crate::dispatch) fn given(mut self, delivery: Delivery) {
        let telling = self.note();
        delivery.given();
        if let Some(telling) = telling {
            tokio::spawn(telling);
        }
    }

    /// It is given, at once. What is returned waits until the disk says so too.
    pub(in crate::dispatch) fn settle(mut self) -> impl Future<Output = Result<(), LineError>> + Send {
        let telling = self.note();
        async move {
            if let Some(telling) = telling {
                telling.await;
            }
            match &self.line.keep {
                Keep::File(file) => file.write(&self.line).await,
                Keep::Nowhere | Keep::Engine(..) => Ok(()),
            }
        }
    }

    /// Notes that it is given. Returns what tells the engine so.
    fn note(&mut self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let id = self.item.id;
        self.is_given = true;
        match &self.line.keep {
            Keep::Nowhere => {}
            Keep::File(file) => file.given().note(id),
            Keep::Engine(_, given) => given.note(id),
        }
        self.line.forget(self.seq, id);
        match (&self.line.keep, self.lease.take()) {
            (Keep::File(file), _) => file.settle(id),
            (Keep::Engine(_, given), Some(lease)) => {
                let given = Arc::clone(given);
                return Some(async move {
                    match lease.settle().await {
                        Ok(()) => given.forget(&[id]),
                        Err(error) => {
                            tracing::warn!(target: "job_orch", %error, "what was given is in the store still");
                        }
                    }
                });
            }
            (Keep::Nowhere | Keep::Engine(..), _) => {}
        }
        None
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_given {
            return;
        }
        let lease = self.lease.take();
        let place = if lease.is_some() {
            Place::stored(self.item.id, self.item.json.len())
        } else {
            Place::here(self.item.clone())
        };
        lock(&self.line.places).put_back(self.seq, place);
        // Not before: who claims it is to find that it stood in line.
        drop(lease);
        self.line.has_moved();
        if let Keep::File(file) = &self.line.keep {
            file.wake();
        }
    }
}
