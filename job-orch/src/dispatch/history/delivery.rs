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
#[derive(Clone, Debug)]
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

    /// Nobody has said that it has arrived. Says whether it is lost: not if its worker has sent a result, or has asked for the
    /// same again. Of one that is lost, no result is taken any more.
    pub(in crate::dispatch) fn is_lost(&self) -> bool {
        self.history.lose(self.job, self.id, &self.token)
    }

    /// It has arrived.
    pub(in crate::dispatch) fn given(self) {
        self.history.close(self.job, self.id, &self.token, true);
    }

    /// It has not, and will not.
    pub(in crate::dispatch) fn not_given(self) {
        self.history.close(self.job, self.id, &self.token, false);
    }
}
