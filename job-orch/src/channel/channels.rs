//! The two channels of a job together: [`Channels`], and what is recorded in them.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::envelope::{Envelope, Response};
use super::error::SettleError;
use super::receive::McReceive;
use super::send::MpSend;
use super::transact::Completes;
use crate::job::Run;
use crate::outcome::Failure;
use crate::retry::Retry;
use crate::sync::Arc;

/// The two channels of one job, from both ends: what an engine opens, and what a processor works on.
///
/// A tuple of four channel ends is one too. Its fourth end is cloned for each listener, and so long as the tuple lives it is
/// a listener itself that never reads: a broadcast that makes its sender wait would wait for it.
pub trait Channels<J: Run>: Clone + Send + Sync + 'static {
    /// Sends requests.
    type RequestSender: MpSend<Message = Envelope<J>>;
    /// Receives requests.
    type RequestReceiver: McReceive<Message = Envelope<J>>;
    /// Broadcasts responses.
    type ResponseSender: MpSend<Message = Response<J>>;
    /// Receives responses.
    type ResponseReceiver: McReceive<Message = Response<J>>;

    /// One more sender of requests.
    fn request_sender(&self) -> Self::RequestSender;
    /// One more receiver of requests: it competes with the others.
    fn request_receiver(&self) -> Self::RequestReceiver;
    /// One more sender of responses.
    fn response_sender(&self) -> Self::ResponseSender;
    /// One more receiver of responses: it sees every response from now on.
    fn response_receiver(&self) -> Self::ResponseReceiver;
    /// Accepts no further request. Those that wait are still delivered. By default nothing happens.
    fn close(&self) {}

    /// When a failed run is repeated, of a job that does not say so itself and whose caller does not wait. By default never.
    const RETRY: Option<Retry> = None;

    /// Whether [`record`](Channels::record) keeps how an attempt ended. Then workers neither publish responses nor settle
    /// what has ended: recording is both.
    const RECORDS: bool = false;

    /// Whether requests with the id of a step of a run are remembered: accepted once, and answered again as they were.
    const REMEMBERS: bool = false;

    /// Records how an attempt ended and settles its request, in one step: either both happen or neither. Workers call it
    /// only where [`RECORDS`](Channels::RECORDS) says so, and answer the caller after it.
    ///
    /// # Errors
    /// [`SettleError::Lost`] if the lease was lost: nothing was recorded, and the caller's answer is somebody else's.
    /// [`SettleError::Unwritable`] if the response does not become bytes.
    ///
    /// # Cancel safety
    /// Dropped early, it may have recorded the end or not.
    fn record(
        delivery: &mut <Self::RequestReceiver as McReceive>::Delivery,
        end: Record<'_, J>,
    ) -> impl Future<Output = Result<(), SettleError>> + Send {
        let _ = (delivery, end);
        std::future::ready(Err(SettleError::Engine("these channels record nothing".into())))
    }

    /// Whether a job can end its request in a transaction of its own. Then a worker gives it a
    /// [`completion`](Channels::completion), and asks after each run whether it was [`completed`](Channels::completed). Only
    /// where [`RECORDS`](Channels::RECORDS) says yes, too.
    const COMPLETES: bool = false;

    /// What the job that runs for this delivery can end its request with. By default nothing.
    fn completion(delivery: &<Self::RequestReceiver as McReceive>::Delivery) -> Option<Arc<dyn Completes>> {
        let _ = delivery;
        None
    }

    /// The response that the job has recorded by its completion, if that was committed: then the request is settled. By
    /// default there is none.
    ///
    /// # Errors
    /// [`SettleError::Engine`] if nobody can tell.
    ///
    /// # Cancel safety
    /// A future dropped early has changed nothing.
    fn completed(
        delivery: &mut <Self::RequestReceiver as McReceive>::Delivery,
    ) -> impl Future<Output = Result<Option<Response<J>>, SettleError>> + Send {
        let _ = delivery;
        std::future::ready(Ok(None))
    }
}

/// How an attempt ended, to be [recorded](Channels::record).
#[non_exhaustive]
pub enum Record<'a, J: Run> {
    /// With a response.
    Response(&'a J::Response),
    /// Without one, and nobody needs to look at it.
    Failure(&'a Failure),
    /// Without one: the request becomes a dead letter.
    DeadLetter(&'a Failure),
    /// The request is to be tried again.
    Retry {
        /// Why.
        failure: &'a Failure,
        /// After this time.
        after: Duration,
    },
}

impl<J: Run> Clone for Record<'_, J> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<J: Run> Copy for Record<'_, J> {}

impl<J: Run> fmt::Debug for Record<'_, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the response: it is the user's and may be secret.
        f.write_str(match self {
            Self::Response(_) => "Response(..)",
            Self::Failure(_) => "Failure(..)",
            Self::DeadLetter(_) => "DeadLetter(..)",
            Self::Retry { .. } => "Retry { .. }",
        })
    }
}

impl<J, S, R, P, Q> Channels<J> for (S, R, P, Q)
where
    J: Run,
    S: MpSend<Message = Envelope<J>>,
    R: McReceive<Message = Envelope<J>> + Sync,
    P: MpSend<Message = Response<J>>,
    Q: McReceive<Message = Response<J>> + Sync,
{
    type RequestSender = S;
    type RequestReceiver = R;
    type ResponseSender = P;
    type ResponseReceiver = Q;

    fn request_sender(&self) -> S {
        self.0.clone()
    }
    fn request_receiver(&self) -> R {
        self.1.clone()
    }
    fn response_sender(&self) -> P {
        self.2.clone()
    }
    fn response_receiver(&self) -> Q {
        self.3.clone()
    }
}
