//! Futures polled by hand, and waits that end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Awaits what must come, so that a promise that is broken fails its test instead of hanging it. On paused time the limit
/// passes as soon as nothing else can happen.
///
/// # Panics
/// If it does not come.
pub async fn soon<F: Future>(future: F) -> F::Output {
    // Far beyond every time that a test waits for on purpose.
    tokio::time::timeout(Duration::from_secs(100 * 24 * 3600), future).await.expect("this should have ended")
}

/// As [`soon`], for tests on real time.
///
/// # Panics
/// If it does not come within a minute.
pub async fn within_a_minute<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("this should have ended")
}

/// A future that a test polls by hand, with a waker that counts.
#[derive(Debug)]
pub struct Driver<F> {
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
}

#[derive(Debug, Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl<F: Future> Driver<F> {
    /// A future that has not been polled.
    pub fn new(future: F) -> Self {
        Self { future: Box::pin(future), woken: Arc::default() }
    }

    /// Polls it once.
    pub fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.woken));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// How often it was woken.
    #[must_use]
    pub fn woken(&self) -> usize {
        self.woken.0.load(Ordering::Relaxed)
    }
}
