//! [`Parcel`]: a job on its way in an answer.

use super::error::LineError;
use super::history::{Delivery, History, To};
use super::item::Item;
use super::line::Held;
use crate::sync::Arc;

/// A job on its way in an answer to a worker that has asked for one. Dropped, it is back in its line, unless the worker has
/// asked for the same again meanwhile: then it has it by that answer.
#[derive(Debug)]
#[must_use = "dropped, the job goes back into its line"]
pub(super) struct Parcel {
    job: Held,
    delivery: Delivery,
}

impl Parcel {
    /// Notes whom the job is for, and has it leave the file of its line. Kept like that when this returns.
    pub(super) async fn new(job: Held, history: &Arc<History>, to: To<'_>) -> Result<Self, LineError> {
        let delivery =
            if job.is_in_file() { history.stand_for(job.item(), to) } else { history.offer(job.item(), to) }?;
        let mut parcel = Self { job, delivery };
        parcel.job.leave(&parcel.delivery).await?;
        Ok(parcel)
    }

    pub(super) const fn job(&self) -> &Item {
        self.job.item()
    }

    pub(super) const fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// The last byte of its answer is with the system.
    pub(super) fn given(mut self) {
        self.give();
    }

    fn give(&mut self) {
        self.job.given();
        self.delivery.given();
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        if self.job.is_over() {
            return;
        }
        match self.delivery.lose() {
            Some(lost) => self.job.put_back(Some(lost)),
            None => self.give(),
        }
    }
}
