//! Panics as values.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Calls what may panic, and gives the panic's message as an error.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(message)
}

/// Runs a future whose panic, also that of its drop, is an error.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(Some(future));
    let end = poll_fn(|poller| {
        let polled = guarded(|| match future.as_mut().as_pin_mut() {
            Some(future) => future.poll(poller),
            None => Poll::Pending,
        });
        match polled {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await;
    // After a panic, what the future had left is still there.
    guarded(|| future.set(None)).and(end)
}

fn message(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => match panic.downcast_ref::<&'static str>() {
            Some(text) => (*text).to_owned(),
            None => {
                // Its drop is the user's too, and may panic again.
                drop(catch_unwind(AssertUnwindSafe(|| drop(panic))));
                "a panic without a text".to_owned()
            }
        },
    }
}
