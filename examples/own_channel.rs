//! A request channel of one's own: a pile, where the newest request is the next. A processor takes it as a tuple of channel
//! ends, here with the broadcast of the memory engine for the responses.
//!
//! ```text
//! cargo run --example own_channel
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use job_orch::channel::Envelope;
use job_orch::channel::{Delivery, McReceive, MpSend, ReceiveError, Return, SendError, SettleError};
use job_orch::engine::memory::responses;
use job_orch::prelude::*;
use job_orch::processor::{JobProcessor, Processor};
use job_orch::settings::Overflow;
use tokio::sync::Notify;

/// Both ends of the channel. Each of its clones is both.
struct Pile<M>(Arc<Shared<M>>);

struct Shared<M> {
    state: Mutex<State<M>>,
    changed: Notify,
}

struct State<M> {
    // Each message with the number of its failed attempts.
    waiting: Vec<(M, u32)>,
    // Leased ones may come back: until they are settled the channel does not end.
    leased: usize,
    closed: bool,
}

impl<M> Pile<M> {
    fn new() -> Self {
        let state = State { waiting: Vec::new(), leased: 0, closed: false };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() }))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State<M>) -> T) -> T {
        let changed = change(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.changed.notify_waiters();
        changed
    }
}

impl<M> Clone for Pile<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: Send + 'static> MpSend for Pile<M> {
    type Message = M;

    async fn send(&self, message: M) -> Result<(), SendError<M>> {
        self.change(|state| match state.closed {
            true => Err(SendError::Closed(message)),
            false => {
                state.waiting.push((message, 0));
                Ok(())
            }
        })
    }
}

impl<M: Send + Sync + 'static> McReceive for Pile<M> {
    type Message = M;
    type Delivery = Lease<M>;

    async fn receive(&mut self) -> Result<Lease<M>, ReceiveError> {
        loop {
            // Before the look, so that nothing which comes after it is missed.
            let changed = self.0.changed.notified();
            {
                let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(item) = state.waiting.pop() {
                    state.leased += 1;
                    return Ok(Lease { item: Some(item), pile: self.clone() });
                }
                if state.closed && state.leased == 0 {
                    return Err(ReceiveError::Closed);
                }
            }
            changed.await;
        }
    }
}

/// A message in the hands of a worker.
struct Lease<M> {
    // `None` once it is done.
    item: Option<(M, u32)>,
    pile: Pile<M>,
}

impl<M> Drop for Lease<M> {
    /// What was not done goes back.
    fn drop(&mut self) {
        let item = self.item.take();
        self.pile.change(|state| {
            state.leased -= 1;
            state.waiting.extend(item);
        });
    }
}

impl<M: Send + Sync + 'static> Delivery for Lease<M> {
    type Message = M;

    #[expect(clippy::expect_used, reason = "only `ack` takes it, and consumes the lease")]
    fn message(&self) -> &M {
        self.item.as_ref().map(|(message, _)| message).expect("the message is done")
    }

    fn attempt(&self) -> u32 {
        self.item.as_ref().map_or(1, |(_, failed)| failed + 1)
    }

    async fn ack(mut self) -> Result<(), SettleError> {
        self.item = None;
        Ok(())
    }

    async fn nack(mut self, back: Return) -> Result<(), SettleError> {
        let delay = match back {
            Return::Failed(delay) => {
                self.item = self.item.take().map(|(message, failed)| (message, failed + 1));
                delay
            }
            Return::Snoozed(delay) => delay,
            _ => return Ok(()),
        };
        // Its drop gives it back, after the delay.
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            drop(self);
        });
        Ok(())
    }
}

/// Two does not work at its first attempt.
#[job(retry(max = 1, backoff = "20ms"))]
async fn square(number: &u64, #[context] context: &Context) -> Result<u64, String> {
    println!("attempt {} of {number}", context.attempt());
    if (*number, context.attempt()) == (2, 1) { Err("not yet".to_owned()) } else { Ok(number * number) }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pile = Pile::new();
    let (broadcast, listener) = responses(16, Overflow::Wait);
    let processor = JobProcessor::new(Square, (pile.clone(), pile.clone(), broadcast, listener));

    let mut responses = processor.response_receiver();
    for number in [1, 2, 3] {
        processor.request_sender().send(Envelope::new(number)).await?;
    }
    // What was accepted is handled still.
    pile.change(|pile| pile.closed = true);
    processor.run(&mut ()).await;
    while let Ok(response) = responses.receive().await {
        println!("{:?}", response.outcome);
    }
    Ok(())
}
