//! Channels alone, and channels chosen at run time.

use std::time::Duration;

use job_orch::channel::{
    Acceptance, AnyReceiver, AnySender, Delivery, Envelope, McReceive, MpSend, ReceiveError, Return, SendError,
    SendOptions,
};
use job_orch::engine::memory::{requests, responses};
use job_orch::prelude::*;
use job_orch::processor::{JobProcessor, Processor};
use job_orch::settings::Overflow;
use job_orch_tests::{Bare, Driver, soon};
use tokio::time::Instant;

#[job(retry(max = 1, backoff = "1s", jitter = 0))]
async fn double(number: &u64, #[context] context: &Context) -> Result<u64, Bare> {
    if context.attempt() == 1 { Err(Bare::of("once more")) } else { Ok(number * 2) }
}

#[job]
#[processor(batch(max = 10))]
async fn double_all(numbers: &[u64]) -> Vec<u64> {
    numbers.iter().map(|number| number * 2).collect()
}

#[tokio::test(start_paused = true)]
async fn channels_chosen_at_run_time_carry_a_job() {
    let (requests, request_receiver) = requests::<Envelope<Double>>(16, Overflow::Wait);
    let (broadcast, listener) = responses(16, Overflow::Wait);
    let requests = AnySender::new(requests);
    let mut seen = AnyReceiver::new(listener.clone());
    let ends =
        (requests.clone(), AnyReceiver::new(request_receiver), AnySender::new(broadcast), AnyReceiver::new(listener));
    let processor = JobProcessor::new(Double, ends);
    let worker = tokio::spawn(async move { processor.run(&mut ()).await });
    let mut envelopes: Vec<_> = (0..5).map(Envelope::new).collect();
    requests.send_many(&mut envelopes).await.unwrap();
    for number in 0..5 {
        assert_eq!(soon(seen.receive()).await.unwrap().message().outcome, Ok(number * 2));
    }
    drop(requests);
    soon(worker).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn channels_that_cannot_lend_get_batches_of_one() {
    let (requests, request_receiver) = requests::<Envelope<DoubleAll>>(16, Overflow::Wait);
    let (broadcast, mut listener) = responses(16, Overflow::Wait);
    let ends = (AnySender::new(requests.clone()), AnyReceiver::new(request_receiver), broadcast, listener.clone());
    let processor = JobProcessor::new(DoubleAll, ends);
    let worker = tokio::spawn(async move { processor.run(&mut ()).await });
    for number in 0..5 {
        requests.send(Envelope::new(number)).await.unwrap();
    }
    for number in 0..5 {
        assert_eq!(soon(listener.receive()).await.unwrap().outcome, Ok(number * 2));
    }
    drop(requests);
    soon(worker).await.unwrap();
}

#[tokio::test]
async fn a_chosen_sender_says_what_the_one_inside_says() {
    let (inside, receiver) = requests(1, Overflow::Refuse);
    let sender = AnySender::new(inside);
    let mut options = SendOptions::default();
    options.priority = 5;
    assert_eq!(sender.send_with("first", options).await.unwrap(), Acceptance::New);
    assert!(matches!(sender.send("second").await, Err(SendError::Full("second"))));
    assert!(matches!(sender.try_send("third"), Err(SendError::Full("third"))));
    assert!(sender.has_receivers());
    drop(receiver);
    assert!(matches!(sender.try_send("fourth"), Err(SendError::Closed("fourth"))));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_dropped_comes_again_and_counts_no_attempt() {
    let (sender, mut receiver) = requests(16, Overflow::Wait);
    sender.send_many(&mut vec![1, 2, 3]).await.unwrap();
    for _ in 0..3 {
        let delivery = receiver.receive().await.unwrap();
        assert_eq!((*delivery.message(), delivery.attempt()), (1, 1), "at its old place");
    }
    receiver.receive().await.unwrap().ack().await.unwrap();
    assert_eq!(*receiver.receive().await.unwrap().message(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_returned_comes_again_after_its_time() {
    let (sender, mut receiver) = requests(16, Overflow::Wait);
    let begun = Instant::now();
    sender.send(1).await.unwrap();
    receiver.receive().await.unwrap().nack(Return::Failed(Duration::from_secs(2))).await.unwrap();
    let delivery = soon(receiver.receive()).await.unwrap();
    assert_eq!((delivery.attempt(), begun.elapsed()), (2, Duration::from_secs(2)));
    delivery.nack(Return::Snoozed(Duration::from_secs(1))).await.unwrap();
    let delivery = soon(receiver.receive()).await.unwrap();
    assert_eq!((delivery.attempt(), begun.elapsed()), (2, Duration::from_secs(3)), "a snooze costs no attempt");
    delivery.nack(Return::Untouched).await.unwrap();
    assert_eq!(receiver.receive().await.unwrap().attempt(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_return_beyond_the_end_of_the_clock_waits() {
    let (sender, mut receiver) = requests(16, Overflow::Wait);
    sender.send(1).await.unwrap();
    receiver.receive().await.unwrap().nack(Return::Failed(Duration::MAX)).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(3600), receiver.receive()).await.is_err());
    assert_eq!(sender.waiting(), 1);
}

#[tokio::test]
async fn a_request_channel_ends_when_its_senders_are_gone_and_it_is_empty() {
    let (sender, mut receiver) = requests(16, Overflow::Wait);
    let clone = sender.clone();
    sender.send(1).await.unwrap();
    drop(sender);
    receiver.receive().await.unwrap().ack().await.unwrap();
    let mut receive = Driver::new(receiver.receive());
    assert!(receive.poll().is_pending());
    drop(clone);
    assert_eq!(receive.woken(), 1);
    assert!(matches!(receive.poll(), std::task::Poll::Ready(Err(ReceiveError::Closed))));
}

#[tokio::test]
async fn a_request_channel_is_closed_when_its_receivers_are_gone() {
    let (sender, receiver) = requests(1, Overflow::Wait);
    sender.send(1).await.unwrap();
    let mut send = Driver::new(sender.send(2));
    assert!(send.poll().is_pending());
    drop(receiver);
    assert_eq!(send.woken(), 1);
    assert!(matches!(send.poll(), std::task::Poll::Ready(Err(SendError::Closed(2)))));
}

#[tokio::test]
async fn the_text_of_an_error_hides_the_message() {
    let (sender, _receiver) = requests(1, Overflow::Refuse);
    sender.send("secret").await.unwrap();
    let error = sender.send("secret").await.unwrap_err();
    assert_eq!((format!("{error:?}"), error.to_string()), ("Full(..)".to_owned(), "the channel is full".to_owned()));
    assert_eq!((error.is_retryable(), error.into_message()), (true, "secret"));
}
