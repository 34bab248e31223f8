//! Streams by hand: a channel of requests, a loop, and a broadcast of responses that loses none.

use std::ops::Range;
use std::sync::{Arc, Mutex as StdMutex};

use tokio::sync::{Mutex, Notify, mpsc};

use super::broadcast::{CAPACITY, Publisher, lossless};
use crate::stream::{Feed, Shape, run};

/// Messages that a worker takes at once.
const BATCH: usize = 256;

impl Feed for mpsc::Sender<u64> {
    async fn feed(&mut self, numbers: Range<u64>) {
        for number in numbers {
            self.send(number).await.expect("the worker lives");
        }
    }
}

/// The worker where there is one.
async fn alone(mut requests: mpsc::Receiver<u64>, mut publisher: Publisher<u64>) {
    while let Some(number) = requests.recv().await {
        publisher.publish(number + 1, 1).await;
    }
}

/// One worker of several, which share the receiving end under a lock: a tokio `mpsc` has one.
async fn among_others(requests: Arc<Mutex<mpsc::Receiver<u64>>>, mut publisher: Publisher<u64>) {
    loop {
        let next = requests.lock().await.recv().await;
        let Some(number) = next else { return };
        publisher.publish_among_others(number + 1).await;
    }
}

/// tokio's `mpsc(1024)`, a loop, and its `broadcast(1024)`, made lossless.
pub async fn tokio(shape: Shape) -> f64 {
    let (sender, requests) = mpsc::channel(CAPACITY as usize);
    let (publisher, receivers) = lossless(shape.receivers);
    if shape.workers == 1 {
        tokio::spawn(alone(requests, publisher));
    } else {
        let requests = Arc::new(Mutex::new(requests));
        for _ in 0..shape.workers {
            tokio::spawn(among_others(Arc::clone(&requests), publisher.clone()));
        }
    }
    run(shape, vec![sender; shape.producers], receivers).await
}

/// The same with one worker that takes many messages at once.
pub async fn recv_many(shape: Shape) -> f64 {
    let (sender, mut requests) = mpsc::channel(CAPACITY as usize);
    let (mut publisher, receivers) = lossless(shape.receivers);
    tokio::spawn(async move {
        let mut taken = Vec::with_capacity(BATCH);
        while requests.recv_many(&mut taken, BATCH).await > 0 {
            for number in taken.drain(..) {
                publisher.publish(number + 1, 1).await;
            }
        }
    });
    run(shape, vec![sender; shape.producers], receivers).await
}

/// The same, publishing many responses at once.
pub async fn recv_many_arcs(shape: Shape) -> f64 {
    let (sender, mut requests) = mpsc::channel::<u64>(CAPACITY as usize);
    let (mut publisher, receivers) = lossless::<Arc<[u64]>>(shape.receivers);
    tokio::spawn(async move {
        let mut taken = Vec::with_capacity(BATCH);
        while requests.recv_many(&mut taken, BATCH).await > 0 {
            let responses: Arc<[u64]> = taken.drain(..).map(|number| number + 1).collect();
            let count = responses.len() as u64;
            publisher.publish(responses, count).await;
        }
    });
    run(shape, vec![sender; shape.producers], receivers).await
}

/// A task for each job.
pub async fn spawned(shape: Shape) -> f64 {
    let (sender, mut requests) = mpsc::channel::<u64>(CAPACITY as usize);
    let (publisher, receivers) = lossless(shape.receivers);
    tokio::spawn(async move {
        while let Some(number) = requests.recv().await {
            let mut publisher = publisher.clone();
            tokio::spawn(async move { publisher.publish_among_others(number + 1).await });
        }
    });
    run(shape, vec![sender; shape.producers], receivers).await
}

/// crossfire instead of tokio's `mpsc`.
pub async fn crossfire(shape: Shape) -> f64 {
    let (sender, requests) = crossfire::mpmc::bounded_async::<u64>(CAPACITY as usize);
    let (publisher, receivers) = lossless(shape.receivers);
    for _ in 0..shape.workers {
        let (requests, mut publisher) = (requests.clone(), publisher.clone());
        tokio::spawn(async move {
            while let Ok(number) = requests.recv().await {
                publisher.publish_among_others(number + 1).await;
            }
        });
    }
    let feeds = (0..shape.producers).map(|_| Crossfire(sender.clone())).collect();
    run(shape, feeds, receivers).await
}

struct Crossfire(crossfire::MAsyncTx<crossfire::mpmc::Array<u64>>);

impl Feed for Crossfire {
    async fn feed(&mut self, numbers: Range<u64>) {
        for number in numbers {
            self.0.send(number).await.expect("the worker lives");
        }
    }
}

/// A `Vec` under a lock, which the worker takes whole; many responses at once. The lower bound of what is passed on one by
/// one: no ids, no errors, no fairness.
pub async fn swapped(shape: Shape) -> f64 {
    let swap = Arc::new(Swap::default());
    let (mut publisher, receivers) = lossless::<Arc<[u64]>>(shape.receivers);
    let worker = Arc::clone(&swap);
    tokio::spawn(async move {
        let mut taken = Vec::with_capacity(CAPACITY as usize);
        loop {
            worker.take(&mut taken).await;
            let responses: Arc<[u64]> = taken.drain(..).map(|number| number + 1).collect();
            let count = responses.len() as u64;
            publisher.publish(responses, count).await;
        }
    });
    run(shape, vec![Swapper(swap); shape.producers], receivers).await
}

#[derive(Default)]
struct Swap {
    waiting: StdMutex<Vec<u64>>,
    filled: Notify,
    taken: Notify,
}

impl Swap {
    fn try_push(&self, number: u64) -> bool {
        let mut waiting = self.waiting.lock().expect("nobody panics here");
        if waiting.len() as u64 == CAPACITY {
            return false;
        }
        waiting.push(number);
        if waiting.len() == 1 {
            drop(waiting);
            self.filled.notify_one();
        }
        true
    }

    async fn take(&self, into: &mut Vec<u64>) {
        loop {
            std::mem::swap(&mut *self.waiting.lock().expect("nobody panics here"), into);
            if !into.is_empty() {
                return self.taken.notify_waiters();
            }
            self.filled.notified().await;
        }
    }
}

#[derive(Clone)]
struct Swapper(Arc<Swap>);

impl Feed for Swapper {
    async fn feed(&mut self, numbers: Range<u64>) {
        for number in numbers {
            while !self.0.try_push(number) {
                let mut taken = std::pin::pin!(self.0.taken.notified());
                taken.as_mut().enable();
                if self.0.try_push(number) {
                    break;
                }
                taken.await;
            }
        }
    }
}
