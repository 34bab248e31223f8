//! The broadcast.

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{Inner, Link, either};
use crate::channel::{Channels, Delivery, McReceive, MpSend, ReceiveError, Response, Return, SendError, SettleError};
use crate::engine::memory::{self, MemoryChannels};
use crate::engine::sqlite::{self, SqliteChannels};
use crate::job::Run;
use crate::sync::Arc;
use crate::testing::history::{End, Event, fingerprint};

type Both<J> = Inner<MemoryChannels<J>, SqliteChannels<J>>;

/// Sends responses.
pub struct RigBroadcast<J: Run>(Inner<memory::Broadcast<Response<J>>, sqlite::Broadcast<J>>);

impl<J: Run> RigBroadcast<J> {
    pub(super) fn new(channels: &Both<J>) -> Self {
        Self(match channels {
            Inner::Memory(channels) => Inner::Memory(channels.response_sender()),
            Inner::Sqlite(channels) => Inner::Sqlite(channels.response_sender()),
        })
    }
}

impl<J: Run> MpSend for RigBroadcast<J> {
    type Message = Response<J>;

    async fn send(&self, message: Response<J>) -> Result<(), SendError<Response<J>>> {
        either!(&self.0, broadcast => broadcast.send(message).await)
    }

    fn skip(&self, missed: u64) {
        either!(&self.0, broadcast => broadcast.skip(missed));
    }

    fn has_receivers(&self) -> bool {
        either!(&self.0, broadcast => broadcast.has_receivers())
    }
}

impl<J: Run> Clone for RigBroadcast<J> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<J: Run> fmt::Debug for RigBroadcast<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RigBroadcast").field("job", &J::NAME).finish_non_exhaustive()
    }
}

/// Hears responses, and writes down what it hears.
pub struct RigListener<J: Run> {
    listener: Inner<memory::Listener<Response<J>>, sqlite::Listener<J>>,
    link: Arc<Link<J>>,
}

impl<J: Run> RigListener<J> {
    pub(super) fn new(channels: &Both<J>, link: &Arc<Link<J>>) -> Self {
        let listener = match channels {
            Inner::Memory(channels) => Inner::Memory(channels.response_receiver()),
            Inner::Sqlite(channels) => Inner::Sqlite(channels.response_receiver()),
        };
        Self { listener, link: Arc::clone(link) }
    }

    fn heard(&self, response: Inner<memory::Shared<Response<J>>, sqlite::Seen<J>>) -> Heard<J> {
        let heard = Heard(response);
        let bytes = heard.outcome.as_ref().ok().and_then(|response| self.link.response.encode(response).ok());
        let end = bytes.map_or(End::Failed, |bytes| End::Ok { hash: fingerprint(&bytes) });
        self.link.rig.recorder.note(Event::Heard { id: heard.id, end });
        heard
    }
}

impl<J: Run> McReceive for RigListener<J> {
    type Message = Response<J>;
    type Delivery = Heard<J>;

    async fn receive(&mut self) -> Result<Heard<J>, ReceiveError> {
        let response = match &mut self.listener {
            Inner::Memory(listener) => Inner::Memory(listener.receive().await?),
            Inner::Sqlite(listener) => Inner::Sqlite(listener.receive().await?),
        };
        Ok(self.heard(response))
    }
}

impl<J: Run> Stream for RigListener<J> {
    type Item = Result<Heard<J>, ReceiveError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = std::task::ready!(match &mut this.listener {
            Inner::Memory(listener) =>
                Pin::new(listener).poll_next(context).map(|next| next.map(|it| it.map(Inner::Memory))),
            Inner::Sqlite(listener) =>
                Pin::new(listener).poll_next(context).map(|next| next.map(|it| it.map(Inner::Sqlite))),
        });
        Poll::Ready(next.map(|response| response.map(|response| this.heard(response))))
    }
}

impl<J: Run> Clone for RigListener<J> {
    fn clone(&self) -> Self {
        Self { listener: self.listener.clone(), link: Arc::clone(&self.link) }
    }
}

impl<J: Run> fmt::Debug for RigListener<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RigListener").field("job", &J::NAME).finish_non_exhaustive()
    }
}

/// A response that was heard.
pub struct Heard<J: Run>(Inner<memory::Shared<Response<J>>, sqlite::Seen<J>>);

impl<J: Run> Deref for Heard<J> {
    type Target = Response<J>;

    fn deref(&self) -> &Response<J> {
        either!(&self.0, heard => heard)
    }
}

impl<J: Run> Delivery for Heard<J> {
    type Message = Response<J>;

    fn message(&self) -> &Response<J> {
        self
    }

    async fn ack(self) -> Result<(), SettleError> {
        Ok(())
    }

    async fn nack(self, _: Return) -> Result<(), SettleError> {
        Ok(())
    }
}

impl<J: Run> fmt::Debug for Heard<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
