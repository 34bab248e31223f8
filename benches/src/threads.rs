//! A runtime of its own for each round, so that no round inherits the tasks of another.

use std::future::Future;

use tokio::runtime::Builder;

/// Runs a future as a task on two threads, as most services run.
pub fn two<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime");
    // As a task: the thread that blocks here is none of the two.
    runtime.block_on(async { tokio::spawn(future).await.expect("the round ends") })
}

/// The same with I/O and signals.
pub fn two_with_io<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::spawn(future).await.expect("the round ends") })
}

/// Runs a future on one thread.
pub fn one<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}
