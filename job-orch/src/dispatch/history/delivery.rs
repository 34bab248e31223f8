//! [`Delivery`]: one job on its way to one worker.

use std::fmt;

use uuid::Uuid;

use super::History;
use crate::dispatch::token::Token;
use crate::id::JobId;
use crate::sync::Arc;

/// The name of a delivery: the same in each of its repetitions, so that a worker can tell one from a second job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::dispatch) struct DeliveryId(Uuid);

impl DeliveryId {
    pub(super) fn new() -> Self {
        Self(Uuid::new_v4())
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One job on its way to one worker. Dropped, nobody knows whether it has arrived: unless the job goes out again, the next
/// process asks the worker.
#[derive(Debug)]
#[must_use = "dropped, nobody knows whether it has arrived"]
pub(in crate::dispatch) struct Delivery {
    history: Arc<History>,
    id: DeliveryId,
    token: Token,
    job: JobId,
    through: u64,
}

impl Delivery {
    pub(super) const fn new(history: Arc<History>, id: DeliveryId, token: Token, job: JobId, through: u64) -> Self {
        Self { history, id, token, job, through }
    }

    pub(in crate::dispatch) const fn id(&self) -> DeliveryId {
        self.id
    }

    /// By which the worker proves later that it was given the job.
    pub(in crate::dispatch) const fn token(&self) -> &Token {
        &self.token
    }

    /// How much of the history has to be on the disk before this outlives a loss of power.
    pub(in crate::dispatch) const fn through(&self) -> u64 {
        self.through
    }

    /// It has arrived.
    pub(in crate::dispatch) fn given(&self) {
        self.history.close(self.job, self.id, true);
    }

    /// Nobody has said that it has arrived: it is lost, and nobody gets it by its name any more, nor is a result of it taken.
    /// `None` if its worker shows that it has it, by a result, or by asking for the same again.
    pub(in crate::dispatch) fn lose(&self) -> Option<Lost> {
        let is_lost = self.history.lose(self.job, self.id, &self.token);
        is_lost.then(|| Lost { history: Arc::clone(&self.history), delivery: self.id, job: self.job })
    }
}

/// A delivery that has not arrived, and will not. To be noted when there is something else that keeps the job: dropped, the
/// next process asks the worker.
#[derive(Debug)]
#[must_use = "dropped, it is not noted that it is lost"]
pub(in crate::dispatch) struct Lost {
    history: Arc<History>,
    delivery: DeliveryId,
    job: JobId,
}

impl Lost {
    /// Notes it.
    pub(in crate::dispatch) fn note(self) {
        self.history.close(self.job, self.delivery, false);
    }
}
