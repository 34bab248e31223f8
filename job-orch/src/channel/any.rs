//! Channels chosen at run time: object-safe twins of the contracts, behind types that are channels themselves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{
    Acceptance, Delivery, Failure, McReceive, MpSend, ReceiveError, Return, SendError, SendOptions, SettleError,
};

// The methods have names of their own: with those of the contract every call would be ambiguous.
#[async_trait]
trait SenderTwin<M: Send + 'static>: Send + Sync {
    async fn send_boxed(&self, message: M) -> Result<(), SendError<M>>;
    async fn send_many_boxed(&self, messages: &mut Vec<M>) -> Result<(), SendError<()>>;
    async fn send_with_boxed(&self, message: M, options: SendOptions) -> Result<Acceptance, SendError<M>>;
    fn try_send_boxed(&self, message: M) -> Result<(), SendError<M>>;
    fn has_receivers_boxed(&self) -> bool;
    fn skip_boxed(&self, missed: u64);
}

#[async_trait]
impl<S: MpSend> SenderTwin<S::Message> for S {
    async fn send_boxed(&self, message: S::Message) -> Result<(), SendError<S::Message>> {
        self.send(message).await
    }
    async fn send_many_boxed(&self, messages: &mut Vec<S::Message>) -> Result<(), SendError<()>> {
        self.send_many(messages).await
    }
    async fn send_with_boxed(
        &self,
        message: S::Message,
        options: SendOptions,
    ) -> Result<Acceptance, SendError<S::Message>> {
        self.send_with(message, options).await
    }
    fn try_send_boxed(&self, message: S::Message) -> Result<(), SendError<S::Message>> {
        self.try_send(message)
    }
    fn has_receivers_boxed(&self) -> bool {
        self.has_receivers()
    }
    fn skip_boxed(&self, missed: u64) {
        self.skip(missed);
    }
}

/// Any sender of messages `M`, chosen at run time. A box per call is its price.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use job_orch::channel::{AnySender, MpSend};
/// use job_orch::engine::memory::requests;
/// use job_orch::settings::Overflow;
///
/// let (sender, _receiver) = requests(16, Overflow::Wait);
/// let sender: AnySender<&'static str> = AnySender::new(sender);
/// sender.send("hello").await.unwrap();
/// # }
/// ```
pub struct AnySender<M>(Arc<dyn SenderTwin<M>>);

impl<M: Send + 'static> AnySender<M> {
    /// Forgets which sender it is.
    #[must_use]
    pub fn new(sender: impl MpSend<Message = M>) -> Self {
        Self(Arc::new(sender))
    }
}

impl<M> Clone for AnySender<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> fmt::Debug for AnySender<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnySender").finish_non_exhaustive()
    }
}

impl<M: Send + 'static> MpSend for AnySender<M> {
    type Message = M;
    async fn send(&self, message: M) -> Result<(), SendError<M>> {
        self.0.send_boxed(message).await
    }
    fn try_send(&self, message: M) -> Result<(), SendError<M>> {
        self.0.try_send_boxed(message)
    }
    async fn send_many(&self, messages: &mut Vec<M>) -> Result<(), SendError<()>> {
        self.0.send_many_boxed(messages).await
    }
    async fn send_with(&self, message: M, options: SendOptions) -> Result<Acceptance, SendError<M>> {
        self.0.send_with_boxed(message, options).await
    }
    fn has_receivers(&self) -> bool {
        self.0.has_receivers_boxed()
    }
    fn skip(&self, missed: u64) {
        self.0.skip_boxed(missed);
    }
}

#[async_trait]
trait ReceiverTwin<M: Send + 'static>: Send + Sync {
    async fn receive_boxed(&mut self) -> Result<AnyDelivery<M>, ReceiveError>;
    fn fetched_boxed(&self) -> usize;
    fn next_fetched_boxed(&mut self) -> Option<AnyDelivery<M>>;
    fn release_boxed(&mut self);
    fn clone_boxed(&self) -> Box<dyn ReceiverTwin<M>>;
}

#[async_trait]
impl<R: McReceive + Sync> ReceiverTwin<R::Message> for R {
    async fn receive_boxed(&mut self) -> Result<AnyDelivery<R::Message>, ReceiveError> {
        self.receive().await.map(|delivery| AnyDelivery(Box::new(delivery)))
    }
    fn fetched_boxed(&self) -> usize {
        self.fetched()
    }
    fn next_fetched_boxed(&mut self) -> Option<AnyDelivery<R::Message>> {
        self.next_fetched().map(|delivery| AnyDelivery(Box::new(delivery)))
    }
    fn release_boxed(&mut self) {
        self.release();
    }
    fn clone_boxed(&self) -> Box<dyn ReceiverTwin<R::Message>> {
        Box::new(self.clone())
    }
}

/// Any receiver of messages `M`, chosen at run time. A box per call and per delivery is its price.
pub struct AnyReceiver<M>(Box<dyn ReceiverTwin<M>>);

impl<M: Send + 'static> AnyReceiver<M> {
    /// Forgets which receiver it is.
    #[must_use]
    pub fn new<R: McReceive<Message = M> + Sync>(receiver: R) -> Self {
        Self(Box::new(receiver))
    }
}

impl<M: Send + 'static> Clone for AnyReceiver<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone_boxed())
    }
}

impl<M> fmt::Debug for AnyReceiver<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyReceiver").finish_non_exhaustive()
    }
}

impl<M: Send + Sync + 'static> McReceive for AnyReceiver<M> {
    type Message = M;
    type Delivery = AnyDelivery<M>;
    async fn receive(&mut self) -> Result<AnyDelivery<M>, ReceiveError> {
        self.0.receive_boxed().await
    }
    fn fetched(&self) -> usize {
        self.0.fetched_boxed()
    }
    fn next_fetched(&mut self) -> Option<AnyDelivery<M>> {
        self.0.next_fetched_boxed()
    }
    fn release(&mut self) {
        self.0.release_boxed();
    }
}

#[async_trait]
trait DeliveryTwin<M>: Send + Sync {
    fn message_boxed(&self) -> &M;
    fn attempt_boxed(&self) -> u32;
    async fn ack_boxed(self: Box<Self>) -> Result<(), SettleError>;
    async fn bury_boxed(self: Box<Self>, reason: Failure) -> Result<(), SettleError>;
    async fn nack_boxed(self: Box<Self>, back: Return) -> Result<(), SettleError>;
    async fn extend_boxed(&mut self, by: Duration) -> Result<(), SettleError>;
}

#[async_trait]
impl<D: Delivery> DeliveryTwin<D::Message> for D {
    fn message_boxed(&self) -> &D::Message {
        self.message()
    }
    fn attempt_boxed(&self) -> u32 {
        self.attempt()
    }
    async fn ack_boxed(self: Box<Self>) -> Result<(), SettleError> {
        self.ack().await
    }
    async fn bury_boxed(self: Box<Self>, reason: Failure) -> Result<(), SettleError> {
        self.bury(reason).await
    }
    async fn nack_boxed(self: Box<Self>, back: Return) -> Result<(), SettleError> {
        self.nack(back).await
    }
    async fn extend_boxed(&mut self, by: Duration) -> Result<(), SettleError> {
        self.extend(by).await
    }
}

/// What an [`AnyReceiver`] delivers.
pub struct AnyDelivery<M>(Box<dyn DeliveryTwin<M>>);

impl<M> fmt::Debug for AnyDelivery<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyDelivery").finish_non_exhaustive()
    }
}

impl<M: Send + 'static> Delivery for AnyDelivery<M> {
    type Message = M;
    fn message(&self) -> &M {
        self.0.message_boxed()
    }
    fn attempt(&self) -> u32 {
        self.0.attempt_boxed()
    }
    async fn ack(self) -> Result<(), SettleError> {
        self.0.ack_boxed().await
    }
    async fn bury(self, reason: Failure) -> Result<(), SettleError> {
        self.0.bury_boxed(reason).await
    }
    async fn nack(self, back: Return) -> Result<(), SettleError> {
        self.0.nack_boxed(back).await
    }
    async fn extend(&mut self, by: Duration) -> Result<(), SettleError> {
        self.0.extend_boxed(by).await
    }
}
