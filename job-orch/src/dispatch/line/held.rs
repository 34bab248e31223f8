//! [`Held`]: who has left a line and may come back.

use std::future::Future;

use super::engine::Lease;
use super::places::Place;
use super::{Keep, Shared};
use crate::dispatch::error::LineError;
use crate::dispatch::history::{Delivery, Lost};
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
    // The file of its line does not hold it any more.
    has_left: bool,
    // It was given, or is back.
    is_over: bool,
}

impl Held {
    pub(super) const fn new(line: Arc<Shared>, seq: u64, item: Item) -> Self {
        Self { line, seq, item, lease: None, has_left: false, is_over: false }
    }

    pub(super) const fn leased(line: Arc<Shared>, seq: u64, item: Item, lease: Box<dyn Lease>) -> Self {
        Self { line, seq, item, lease: Some(lease), has_left: false, is_over: false }
    }

    pub(in crate::dispatch) const fn item(&self) -> &Item {
        &self.item
    }

    /// Whether it was given, or is back.
    pub(in crate::dispatch) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether its line is in a file, which is to show it no more before it is given.
    pub(in crate::dispatch) fn is_in_file(&self) -> bool {
        matches!(self.line.keep, Keep::File(_))
    }

    /// Has the line's file show it no more, and waits until that is so. The history stands for it from here on: what that
    /// has noted is on the disk before the file is another one.
    pub(in crate::dispatch) async fn leave(&mut self, delivery: &Delivery) -> Result<(), LineError> {
        let Keep::File(file) = &self.line.keep else { return Ok(()) };
        lock(&self.line.places).leave(self.seq, delivery.through());
        file.write(&self.line).await?;
        self.has_left = true;
        Ok(())
    }

    /// It is given: it will not come back, not even if this process is killed now. The disk is told soon.
    pub(in crate::dispatch) fn given(&mut self) {
        if let Some(telling) = self.note() {
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
        self.is_over = true;
        match &self.line.keep {
            Keep::File(file) if !self.has_left => file.given().note(id),
            Keep::Engine(_, given) => given.note(id),
            // What has left its file is in the history only, where it is noted.
            Keep::Nowhere | Keep::File(_) => {}
        }
        self.line.forget(self.seq, id);
        match (&self.line.keep, self.lease.take()) {
            (Keep::File(file), _) if !self.has_left => file.settle(id),
            (Keep::Engine(_, given), Some(lease)) => {
                let given = Arc::clone(given);
                return Some(async move {
                    match lease.settle().await {
                        Ok(()) => given.forget(&[id]),
                        Err(error) => {
                            // Offered again, it is settled again.
                            tracing::warn!(target: "job_orch", %error, "what was given is in the store still");
                        }
                    }
                });
            }
            (Keep::Nowhere | Keep::File(_) | Keep::Engine(..), _) => {}
        }
        None
    }

    /// It is back at its old place, unless it was given. What it was on is noted as lost, where its line has it again.
    pub(in crate::dispatch) fn put_back(&mut self, lost: Option<Lost>) {
        if std::mem::replace(&mut self.is_over, true) {
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
        match (&self.line.keep, lost) {
            (Keep::File(file), lost) => file.take_back(lost),
            (Keep::Nowhere | Keep::Engine(..), Some(lost)) => lost.note(),
            (Keep::Nowhere | Keep::Engine(..), None) => {}
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.put_back(None);
    }
}
