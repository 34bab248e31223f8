//! What opens the channels that are put to the laws.

use job_orch::channel::laws::{Fixture, Law};
use job_orch::channel::{AnyReceiver, AnySender, Channels, Envelope, Response};
use job_orch::engine::memory::MemoryChannels;
use job_orch::settings::Serving;

pub(crate) struct Memory;

impl Fixture for Memory {
    type Channels = MemoryChannels<Law>;
    async fn open(serving: &Serving) -> Self::Channels {
        MemoryChannels::new(serving)
    }
}

/// Channels whose types are forgotten.
pub(crate) struct Boxed;

impl Fixture for Boxed {
    type Channels = AnyChannels;
    async fn open(serving: &Serving) -> Self::Channels {
        AnyChannels(MemoryChannels::new(serving))
    }
}

#[derive(Clone)]
pub(crate) struct AnyChannels(MemoryChannels<Law>);

impl Channels<Law> for AnyChannels {
    type RequestSender = AnySender<Envelope<Law>>;
    type RequestReceiver = AnyReceiver<Envelope<Law>>;
    type ResponseSender = AnySender<Response<Law>>;
    type ResponseReceiver = AnyReceiver<Response<Law>>;

    fn request_sender(&self) -> Self::RequestSender {
        AnySender::new(self.0.request_sender())
    }
    fn request_receiver(&self) -> Self::RequestReceiver {
        AnyReceiver::new(self.0.request_receiver())
    }
    fn response_sender(&self) -> Self::ResponseSender {
        AnySender::new(self.0.response_sender())
    }
    fn response_receiver(&self) -> Self::ResponseReceiver {
        AnyReceiver::new(self.0.response_receiver())
    }
    fn close(&self) {
        self.0.close();
    }
}
