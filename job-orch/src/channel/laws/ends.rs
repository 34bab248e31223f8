//! Opening channels, sending and receiving: the words in which the laws are written.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::parcel::{Message, Parcel};
use super::{Fixture, Law};
use crate::channel::{
    Acceptance, Channels, Delivery, Envelope, McReceive, MpSend, ReceiveError, SendError, SendOptions,
};
use crate::settings::{Overflow, Serving};

/// Long enough for every task to do what it can. With a clock that jumps it costs nothing.
pub(super) const MOMENT: Duration = Duration::from_millis(20);

pub(super) type RequestSender<F> = <<F as Fixture>::Channels as Channels<Law>>::RequestSender;
pub(super) type RequestReceiver<F> = <<F as Fixture>::Channels as Channels<Law>>::RequestReceiver;
pub(super) type ResponseSender<F> = <<F as Fixture>::Channels as Channels<Law>>::ResponseSender;
pub(super) type ResponseReceiver<F> = <<F as Fixture>::Channels as Channels<Law>>::ResponseReceiver;

// ===== opening =====

/// Channels with so much room for requests.
pub(super) async fn channels<F: Fixture>(capacity: usize, overflow: Overflow) -> F::Channels {
    F::open(&Serving::DEFAULT.requests(capacity).full_requests(overflow)).await
}

/// The only sender and the only receiver of requests.
pub(super) async fn requests<F: Fixture>(
    capacity: usize,
    overflow: Overflow,
) -> (RequestSender<F>, RequestReceiver<F>) {
    let channels = channels::<F>(capacity, overflow).await;
    (channels.request_sender(), channels.request_receiver())
}

/// Channels with so much room for responses.
pub(super) async fn broadcasts<F: Fixture>(capacity: usize, overflow: Overflow) -> F::Channels {
    F::open(&Serving::DEFAULT.responses(capacity).full_responses(overflow)).await
}

/// The only sender and the only receiver of responses.
pub(super) async fn responses<F: Fixture>(
    capacity: usize,
    overflow: Overflow,
) -> (ResponseSender<F>, ResponseReceiver<F>) {
    let channels = broadcasts::<F>(capacity, overflow).await;
    (channels.response_sender(), channels.response_receiver())
}

// ===== sending =====

pub(super) fn message<M: Message>(number: u64) -> M {
    M::of(Parcel::new(number))
}

pub(super) fn messages<M: Message>(numbers: impl IntoIterator<Item = u64>) -> Vec<M> {
    numbers.into_iter().map(message).collect()
}

/// Sends messages with these numbers, one by one.
pub(super) async fn send<M: Message>(sender: &impl MpSend<Message = M>, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        sender.send(message(number)).await.expect("the message is accepted");
    }
}

/// Sends with options that must be accepted.
pub(super) async fn send_with(
    sender: &impl MpSend<Message = Envelope<Law>>,
    number: u64,
    options: SendOptions,
) -> Acceptance {
    sender.send_with(message(number), options).await.expect("the message is accepted")
}

/// Sends in a task of its own.
pub(super) fn send_aside<S: MpSend<Message: Message>>(
    sender: &S,
    number: u64,
) -> JoinHandle<Result<(), SendError<S::Message>>> {
    let sender = sender.clone();
    tokio::spawn(async move { sender.send(message(number)).await })
}

/// Sends in a task of its own, and lets it go as far as it can.
pub(super) async fn send_blocked<S: MpSend<Message: Message>>(
    sender: &S,
    number: u64,
) -> JoinHandle<Result<(), SendError<S::Message>>> {
    let task = send_aside(sender, number);
    moment().await;
    assert!(!task.is_finished(), "the sender of {number} waits for room");
    task
}

/// The word for an error, and the number of the message that it hands back.
pub(super) fn refusal<T, M: Message>(sent: Result<T, SendError<M>>) -> (&'static str, u64) {
    let error = sent.err().expect("the message is refused");
    let word = match &error {
        SendError::Closed(_) => "closed",
        SendError::Full(_) => "full",
        SendError::Unsupported { .. } => "unsupported",
        SendError::Engine { .. } => "engine",
    };
    (word, error.into_message().number())
}

/// What became of a task that sends.
pub(super) async fn joined<T>(task: JoinHandle<T>) -> T {
    task.await.expect("the task ends without a panic")
}

// ===== receiving =====

pub(super) fn number<D: Delivery<Message: Message>>(delivery: &D) -> u64 {
    delivery.message().number()
}

/// The next delivery.
pub(super) async fn next<R: McReceive>(receiver: &mut R) -> R::Delivery {
    receiver.receive().await.expect("a message comes")
}

/// The number of the next message, which is acked.
pub(super) async fn take<R: McReceive<Message: Message>>(receiver: &mut R) -> u64 {
    let delivery = next(receiver).await;
    let number = number(&delivery);
    delivery.ack().await.expect("the message is acked");
    number
}

/// The numbers of so many messages, which are acked.
pub(super) async fn take_many<R: McReceive<Message: Message>>(receiver: &mut R, count: u64) -> Vec<u64> {
    let mut taken = Vec::new();
    for _ in 0..count {
        taken.push(take(receiver).await);
    }
    taken
}

/// The numbers of all messages up to the end, which are acked.
pub(super) async fn take_all<R: McReceive<Message: Message>>(receiver: &mut R) -> Vec<u64> {
    let mut taken = Vec::new();
    loop {
        match receiver.receive().await {
            Ok(delivery) => {
                taken.push(number(&delivery));
                delivery.ack().await.expect("the message is acked");
            }
            Err(ReceiveError::Closed) => return taken,
            Err(error) => panic!("messages or the end come, not: {error}"),
        }
    }
}

/// Nothing comes.
pub(super) async fn silent(receiver: &mut impl McReceive) {
    assert!(timeout(MOMENT, receiver.receive()).await.is_err(), "nothing comes");
}

/// The end has come.
pub(super) async fn ended(receiver: &mut impl McReceive) {
    assert!(matches!(receiver.receive().await, Err(ReceiveError::Closed)), "the channel has ended");
}

/// So many messages were missed.
pub(super) async fn lagged(receiver: &mut impl McReceive, missed: u64) {
    match receiver.receive().await {
        Err(ReceiveError::Lagged(told)) => {
            assert_eq!(told, missed, "the lag is exact");
            assert_eq!(receiver.fetched(), 0, "what was missed is not at hand");
        }
        other => panic!("{missed} missed messages are told, not: {:?}", other.map(|_| "a message")),
    }
}

// ===== time and polls =====

/// Lets every task do what it can.
pub(super) async fn moment() {
    tokio::time::sleep(MOMENT).await;
}

/// Polls a future so often, with everybody else running between, and drops it if it is not ready by then.
pub(super) async fn polled<F: Future>(times: u32, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// Numbers that look random and are the same in every run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % end
    }
}
