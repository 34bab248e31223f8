//! [`Held`]: who has left a line and may come back.

use super::engine::Lease;
use super::places::Place;
use super::{Keep, Shared};
use crate::dispatch::error::LineError;
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
    pub(in crate::dispatch) fn given(mut self) {
        self.note_given();
        match (&self.line.keep, self.lease.take()) {
            (Keep::Nowhere, _) => {}
            (Keep::File(file), _) => file.settle(&self.line, self.seq, self.item.id),
            (Keep::Engine(_, given), Some(lease)) => {
                let (id, given) = (self.item.id, Arc::clone(given));
                tokio::spawn(async move {
                    if is_settled(lease.settle().await) {
                        given.forget(&[id]);
                    }
                });
            }
            (Keep::Engine(..), None) => {}
        }
    }

    /// It is given, and the disk says so too.
    pub(in crate::dispatch) async fn settle(mut self) -> Result<(), LineError> {
        self.note_given();
        match (&self.line.keep, self.lease.take()) {
            (Keep::File(file), _) => {
                file.settle(&self.line, self.seq, self.item.id);
                file.write(&self.line).await
            }
            (Keep::Engine(_, given), Some(lease)) => {
                if is_settled(lease.settle().await) {
                    given.forget(&[self.item.id]);
                }
                Ok(())
            }
            (Keep::Nowhere, _) | (Keep::Engine(..), None) => Ok(()),
        }
    }

    fn note_given(&mut self) {
        self.is_given = true;
        match &self.line.keep {
            Keep::Nowhere => {}
            Keep::File(file) => file.given().note(self.item.id),
            Keep::Engine(_, given) => given.note(self.item.id),
        }
    }
}

fn is_settled(settled: Result<(), crate::channel::SettleError>) -> bool {
    settled
        .inspect_err(|error| tracing::warn!(target: "job_orch", %error, "what was given could not be settled"))
        .is_ok()
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_given {
            return;
        }
        let place = match self.lease.take() {
            // Dropped first: who claims next finds it there.
            Some(lease) => {
                drop(lease);
                Place::stored(self.item.id)
            }
            None => Place::here(self.item.clone()),
        };
        lock(&self.line.places).put_back(self.seq, place);
        if let Keep::File(file) = &self.line.keep {
            file.wake();
        }
    }
}
