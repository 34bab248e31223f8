//! A tokio `broadcast` that loses nothing.
//!
//! tokio's own overwrites what a slow receiver has not seen. Made lossless by hand it costs as little as can be: a receiver
//! stores how far it is, and only every 128th time looks for a worker that waits; a worker looks at those places once per
//! window, and goes on as long as its last look proves that there is room.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, broadcast};

use crate::stream::Listen;

/// Responses that may wait.
pub const CAPACITY: u64 = 1024;

/// After so many responses a receiver tells the workers how far it is.
const NEWS: u64 = 128;

/// How far each receiver is, so that a worker waits instead of overwriting.
#[derive(Debug)]
struct Window {
    seen: Vec<AtomicU64>,
    // Responses that the workers have numbered, where there are several workers.
    sent: AtomicU64,
    moved: Notify,
}

impl Window {
    fn slowest(&self) -> u64 {
        self.seen.iter().map(|seen| seen.load(Ordering::Acquire)).min().unwrap_or(u64::MAX)
    }

    /// Waits until the responses below this number overwrite nothing. `known` is where the slowest receiver was known to be.
    async fn room(&self, below: u64, known: &mut u64) {
        while below > *known + CAPACITY {
            *known = self.slowest();
            if below <= *known + CAPACITY {
                return;
            }
            let mut moved = std::pin::pin!(self.moved.notified());
            moved.as_mut().enable();
            *known = self.slowest();
            if below <= *known + CAPACITY {
                return;
            }
            moved.await;
        }
    }
}

/// A worker's end.
#[derive(Debug)]
pub struct Publisher<T> {
    responses: broadcast::Sender<T>,
    window: Arc<Window>,
    sent: u64,
    known: u64,
}

impl<T: Clone> Publisher<T> {
    /// Publishes as the only worker. The item holds so many responses.
    pub async fn publish(&mut self, item: T, responses: u64) {
        self.sent += responses;
        self.window.room(self.sent, &mut self.known).await;
        let _ = self.responses.send(item);
    }

    /// Publishes one response as one of several workers.
    pub async fn publish_among_others(&mut self, item: T) {
        let number = self.window.sent.fetch_add(1, Ordering::Relaxed);
        self.window.room(number + 1, &mut self.known).await;
        let _ = self.responses.send(item);
    }
}

impl<T> Clone for Publisher<T> {
    fn clone(&self) -> Self {
        let (responses, window) = (self.responses.clone(), Arc::clone(&self.window));
        Self { responses, window, sent: self.sent, known: self.known }
    }
}

/// A receiver's end.
#[derive(Debug)]
pub struct Receiver<T> {
    responses: broadcast::Receiver<T>,
    window: Arc<Window>,
    at: usize,
    seen: u64,
    // The batch that is being read, and how far.
    batch: Option<(T, usize)>,
}

impl<T> Receiver<T> {
    fn saw(&mut self, responses: u64) {
        self.seen += responses;
        self.window.seen[self.at].store(self.seen, Ordering::Release);
    }

    fn tell(&self) {
        self.window.moved.notify_waiters();
    }
}

/// Both ends of a broadcast to so many receivers.
#[must_use]
pub fn lossless<T: Clone>(receivers: usize) -> (Publisher<T>, Vec<Receiver<T>>) {
    let (responses, _) = broadcast::channel(CAPACITY as usize);
    let seen = (0..receivers).map(|_| AtomicU64::new(0)).collect();
    let window = Arc::new(Window { seen, sent: AtomicU64::new(0), moved: Notify::new() });
    let receivers = (0..receivers)
        .map(|at| {
            let (responses, window) = (responses.subscribe(), Arc::clone(&window));
            Receiver { responses, window, at, seen: 0, batch: None }
        })
        .collect();
    (Publisher { responses, window, sent: 0, known: 0 }, receivers)
}

impl Listen for Receiver<u64> {
    async fn listen(&mut self) -> u64 {
        let response = self.responses.recv().await.expect("nothing is lost");
        self.saw(1);
        if self.seen.is_multiple_of(NEWS) {
            self.tell();
        }
        response
    }
}

impl Listen for Receiver<Arc<[u64]>> {
    async fn listen(&mut self) -> u64 {
        loop {
            if let Some((batch, at)) = &mut self.batch
                && let Some(response) = batch.get(*at)
            {
                *at += 1;
                return *response;
            }
            let batch = self.responses.recv().await.expect("nothing is lost");
            // Room is given back when the batch is taken, as the product does. Each time: the next batch may need all of it.
            self.saw(batch.len() as u64);
            self.tell();
            self.batch = Some((batch, 0));
        }
    }
}
