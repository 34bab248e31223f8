//! Flows by hand: a task for each step, and channels between them.

use std::ops::Range;

use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};

use crate::flow::{AT_ONCE, Forks, chained, rate, third, twice};
use crate::ours::next;

/// Places of each channel.
const CAPACITY: usize = 1024;

/// Three tasks, `mpsc(1024)` before and behind each.
pub async fn chain(count: u64) -> f64 {
    rate(count / 10, joined(0..count / 10), chained).await;
    rate(count, joined(0..count), chained).await
}

/// What comes out of three tasks, which end with their input.
fn joined(numbers: Range<u64>) -> impl Stream<Item = u64> {
    let (input, mut first) = mpsc::channel(CAPACITY);
    let (to_second, mut second) = mpsc::channel(CAPACITY);
    let (to_third, mut last) = mpsc::channel(CAPACITY);
    let (output, mut outputs) = mpsc::channel(CAPACITY);
    tokio::spawn(async move {
        for number in numbers {
            input.send(number).await.expect("the first step lives");
        }
    });
    tokio::spawn(async move {
        while let Some(number) = first.recv().await {
            to_second.send(next(&number).await).await.expect("the second step lives");
        }
    });
    tokio::spawn(async move {
        while let Some(number) = second.recv().await {
            to_third.send(twice(&number).await).await.expect("the third step lives");
        }
    });
    tokio::spawn(async move {
        while let Some(number) = last.recv().await {
            output.send(third(&number).await).await.expect("somebody receives");
        }
    });
    stream::poll_fn(move |context| outputs.poll_recv(context))
}

/// The fan-out: a task for each number, and so many at once.
pub fn spawned(numbers: Range<u64>) -> impl Stream<Item = u64> {
    stream::iter(numbers)
        .map(|number| tokio::spawn(async move { next(&number).await }))
        .buffered(AT_ONCE)
        .map(|joined| joined.expect("the task ends"))
}

type Asked = (u64, oneshot::Sender<u64>);

/// The clients of two workers, which are asked at once.
#[derive(Clone, Debug)]
pub struct Fork {
    left: mpsc::Sender<Asked>,
    right: mpsc::Sender<Asked>,
}

/// Two spawned workers.
#[must_use]
pub fn fork() -> Fork {
    let (left, mut to_left) = mpsc::channel::<Asked>(CAPACITY);
    let (right, mut to_right) = mpsc::channel::<Asked>(CAPACITY);
    tokio::spawn(async move {
        while let Some((number, reply)) = to_left.recv().await {
            let _ = reply.send(next(&number).await);
        }
    });
    tokio::spawn(async move {
        while let Some((number, reply)) = to_right.recv().await {
            let _ = reply.send(twice(&number).await);
        }
    });
    Fork { left, right }
}

impl Forks for Fork {
    async fn fork(&self, number: u64) -> (u64, u64) {
        tokio::join!(ask(&self.left, number), ask(&self.right, number))
    }
}

async fn ask(worker: &mpsc::Sender<Asked>, number: u64) -> u64 {
    let (reply, answer) = oneshot::channel();
    worker.send((number, reply)).await.expect("the worker lives");
    answer.await.expect("the worker answers")
}
