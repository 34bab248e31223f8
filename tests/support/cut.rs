//! A future that is dropped at one of its polls.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

/// Polls a future so many times, letting everything else run between two polls, and then drops it. Gives its output if it
/// was ready before.
///
/// Unlike a poll by hand this goes by the runtime's wakers, so that timers and tasks move on; it polls also if nobody woke
/// it, as `select!` and `join!` do.
pub async fn cut_off<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        settle().await;
    }
    None
}

/// Lets every task run until it waits, on a runtime of one thread.
pub async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}
