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

use crate::dispatch::parcel::Parcel;
use crate::sync::{Arc, Mutex, lock};

/// What one connection is about to give: the body puts it in, and the wire takes it out.
#[derive(Clone, Debug, Default)]
pub(in crate::dispatch) struct Handover(Arc<Mutex<Vec<Parcel>>>);

impl Handover {
    fn put(&self, parcel: Parcel) {
        lock(&self.0).push(parcel);
    }

    /// All bytes so far are with the system.
    pub(super) fn is_written(&self) {
        let given = std::mem::take(&mut *lock(&self.0));
        given.into_iter().for_each(Parcel::given);
    }

    /// The connection has ended: what was not written goes back.
    pub(super) fn end(&self) {
        let lost = std::mem::take(&mut *lock(&self.0));
        drop(lost);
    }
}

/// A body that gives a job.
pub(in crate::dispatch) struct Handed {
    bytes: Option<Bytes>,
    // Nobody has read it: dropped, it is back.
    parcel: Option<Parcel>,
    // Without one, somebody else's server sends this.
    handover: Option<Handover>,
}

impl Handed {
    pub(in crate::dispatch) const fn new(bytes: Bytes, parcel: Parcel, handover: Option<Handover>) -> Self {
        Self { bytes: Some(bytes), parcel: Some(parcel), handover }
    }
}

impl Body for Handed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = self.bytes.take();
        match (self.parcel.take(), &self.handover) {
            (Some(parcel), Some(handover)) => handover.put(parcel),
            (Some(parcel), None) => parcel.given(),
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

impl fmt::Debug for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handed").finish_non_exhaustive()
    }
}
