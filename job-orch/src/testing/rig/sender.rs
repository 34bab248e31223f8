//! The sending end.

use std::fmt;
use std::time::Duration;

use super::faults::Point;
use super::{Inner, Link, either};
#[cfg(feature = "cron")]
use crate::channel::BoxError;
use crate::channel::{Acceptance, Channels, Envelope, MpSend, SendError, SendOptions, SettleError, Withdraw};
#[cfg(feature = "cron")]
use crate::cron::{Fired, Firing};
use crate::engine::memory::{self, MemoryChannels};
use crate::engine::sqlite::{self, SqliteChannels};
use crate::fault::fault;
use crate::id::JobId;
use crate::job::Run;
use crate::sync::Arc;
use crate::testing::history::Event;

/// Sends requests, and writes down what becomes of them.
pub struct RigSender<J: Run> {
    inner: Inner<memory::Sender<Envelope<J>>, sqlite::Sender<J>>,
    link: Arc<Link<J>>,
}

impl<J: Run> RigSender<J> {
    pub(super) fn new(channels: &Inner<MemoryChannels<J>, SqliteChannels<J>>, link: &Arc<Link<J>>) -> Self {
        let inner = match channels {
            Inner::Memory(channels) => Inner::Memory(channels.request_sender()),
            Inner::Sqlite(channels) => Inner::Sqlite(channels.request_sender()),
        };
        Self { inner, link: Arc::clone(link) }
    }

    fn note(&self, event: Event) {
        self.link.rig.recorder.note(event);
    }

    fn note_sent(&self, message: &Envelope<J>, options: &SendOptions) {
        let delay = options.delay.map_or(0, |delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        let key = options.unique.as_ref().map(|unique| unique.key.clone());
        self.note(Event::Sent { id: message.id(), key, lane: None, delay, is_call: message.is_call() });
    }

    fn note_accepted(&self, id: JobId, bytes: Option<Vec<u8>>, delay: Option<Duration>) {
        self.note(Event::Accepted { id });
        if let (Some(ledger), Some(bytes)) = (&self.link.rig.ledger, bytes) {
            ledger.accepted(J::NAME, id, bytes, delay.unwrap_or_default());
        }
    }

    /// The request's bytes, where anybody will ask for them.
    fn bytes(&self, message: &Envelope<J>) -> Option<Vec<u8>> {
        self.link.rig.ledger.as_ref()?;
        self.link.request.encode(message.request()).ok()
    }

    /// What the store is to put in with a tick.
    #[cfg(feature = "cron")]
    pub(super) fn note_firing(&self, firing: &Firing<J>) -> Option<(JobId, Option<Vec<u8>>)> {
        let envelope = firing.request.as_ref()?;
        self.note_sent(envelope, &firing.options());
        Some((envelope.id(), self.bytes(envelope)))
    }

    /// What has become of it.
    #[cfg(feature = "cron")]
    pub(super) fn note_fired(&self, (id, bytes): (JobId, Option<Vec<u8>>), fired: &Result<Fired, BoxError>) {
        match fired {
            Ok(Fired::Done) => self.note_accepted(id, bytes, None),
            other => self.note(Event::Refused { id, why: format!("{other:?}") }),
        }
    }

    fn strikes(&self, point: Point) -> bool {
        self.link.rig.faults.strike(J::NAME, point)
    }
}

impl<J: Run> MpSend for RigSender<J> {
    type Message = Envelope<J>;

    async fn send(&self, message: Envelope<J>) -> Result<(), SendError<Envelope<J>>> {
        self.send_with(message, SendOptions::default()).await.map(drop)
    }

    async fn send_many(&self, messages: &mut Vec<Envelope<J>>) -> Result<(), SendError<()>> {
        if self.strikes(Point::Send) {
            return Err(SendError::Engine { message: (), source: INJECTED.into() });
        }
        let plain = SendOptions::default();
        let sent: Vec<_> = messages.iter().map(|message| (message.id(), self.bytes(message))).collect();
        messages.iter().for_each(|message| self.note_sent(message, &plain));
        let result = either!(&self.inner, sender => sender.send_many(messages).await);
        let accepted = sent.len().saturating_sub(messages.len());
        for (at, (id, bytes)) in sent.into_iter().enumerate() {
            match &result {
                Err(error) if at >= accepted => self.note(Event::Refused { id, why: format!("{error:?}") }),
                _ => self.note_accepted(id, bytes, None),
            }
        }
        result
    }

    async fn send_with(
        &self,
        message: Envelope<J>,
        options: SendOptions,
    ) -> Result<Acceptance, SendError<Envelope<J>>> {
        if self.strikes(Point::Send) {
            return Err(SendError::Engine { message, source: INJECTED.into() });
        }
        let (id, bytes, delay) = (message.id(), self.bytes(&message), options.delay);
        self.note_sent(&message, &options);
        fault!("before_send");
        // Kept only to be handed back where the answer gets lost.
        let again = self.strikes(Point::Accepted).then(|| self.link.request.encode(message.request()));
        let sent = either!(&self.inner, sender => sender.send_with(message, options).await);
        match &sent {
            Ok(Acceptance::Duplicate(of)) => self.note(Event::Duplicate { id, of: *of }),
            Ok(Acceptance::New) => {
                fault!("after_accept");
                self.note_accepted(id, bytes, delay);
                if let Some(Ok(request)) = again.map(|bytes| bytes.and_then(|bytes| self.link.request.decode(&bytes))) {
                    let message = Envelope::with_id(id, request);
                    return Err(SendError::Engine { message, source: INJECTED.into() });
                }
            }
            Err(error) => self.note(Event::Refused { id, why: format!("{error:?}") }),
        }
        sent
    }
}

/// What an injected fault says.
pub(super) const INJECTED: &str = "a fault was injected";

impl<J: Run> Withdraw for RigSender<J> {
    async fn withdraw(&self, id: JobId) -> Result<Option<Envelope<J>>, SettleError> {
        let withdrawn = either!(&self.inner, sender => sender.withdraw(id).await);
        if matches!(withdrawn, Ok(Some(_))) {
            self.note(Event::Cancelled { id });
            if let Some(ledger) = &self.link.rig.ledger {
                ledger.gone(id);
            }
        }
        withdrawn
    }
}

impl<J: Run> Clone for RigSender<J> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), link: Arc::clone(&self.link) }
    }
}

impl<J: Run> fmt::Debug for RigSender<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RigSender").field("job", &J::NAME).finish_non_exhaustive()
    }
}
