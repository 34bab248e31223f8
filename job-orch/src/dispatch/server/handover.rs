//! Giving a job in an answer: it is given once its last byte is with the system, and not before.
//!
//! What the system has it delivers, also if this process is killed then. A worker that is gone by that time makes the write
//! fail, and the job is back in its line, unless it has asked for the same again on another connection.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::dispatch::history::Delivery;
use crate::dispatch::line::Held;
use crate::sync::{Arc, Mutex, lock};

/// What one connection is about to give: the body puts it in, and the wire takes it out.
#[derive(Clone, Debug, Default)]
pub(in crate::dispatch) struct Handover(Arc<Mutex<Vec<(Held, Delivery)>>>);

impl Handover {
    fn put(&self, job: Held, delivery: Delivery) {
        lock(&self.0).push((job, delivery));
    }

    /// All bytes so far are with the system.
    pub(super) fn is_written(&self) {
        let given = std::mem::take(&mut *lock(&self.0));
        given.into_iter().for_each(|(job, delivery)| job.given(delivery));
    }

    /// The connection has ended: what was not written goes back.
    pub(super) fn end(&self) {
        let lost = std::mem::take(&mut *lock(&self.0));
        lost.into_iter().for_each(|(job, delivery)| lose(job, delivery));
    }
}

/// A body that gives a job.
pub(in crate::dispatch) struct Handed {
    bytes: Option<Bytes>,
    job: Option<(Held, Delivery)>,
    // Without one, somebody else's server sends this.
    handover: Option<Handover>,
}

impl Handed {
    pub(in crate::dispatch) const fn new(
        bytes: Bytes,
        job: Held,
        delivery: Delivery,
        handover: Option<Handover>,
    ) -> Self {
        Self { bytes: Some(bytes), job: Some((job, delivery)), handover }
    }
}

impl Body for Handed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = self.bytes.take();
        match (self.job.take(), &self.handover) {
            (Some((job, delivery)), Some(handover)) => handover.put(job, delivery),
            (Some((job, delivery)), None) => job.given(delivery),
            (None, _) => {}
        }
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// Nobody has read it.
impl Drop for Handed {
    fn drop(&mut self) {
        if let Some((job, delivery)) = self.job.take() {
            lose(job, delivery);
        }
    }
}

/// This answer has not arrived: the job is back in its line, unless its worker has asked for the same again meanwhile.
fn lose(job: Held, delivery: Delivery) {
    if let Some(delivery) = delivery.lost() {
        job.given(delivery);
    }
}

impl fmt::Debug for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handed").finish_non_exhaustive()
    }
}
