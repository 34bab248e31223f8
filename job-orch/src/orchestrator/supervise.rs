//! Keeps a worker loop running: one that ends by a fault is reported and started again.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::channel::Channels;
use crate::job::Run;
use crate::processor::{Worker, guarded};

/// Between the fault of a worker and its next start.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs a worker until its channel is closed and empty.
///
/// Panics of the user's code are caught further in; what arrives here is a fault of ours, or of a `Drop` that panicked
/// where nothing could catch it.
pub(super) async fn supervise<J: Run, C: Channels<J>>(
    mut worker: Worker<J, C>,
    channels: C,
    mut resources: J::Resources,
) {
    let service = worker.service();
    let _working = service.enter_worker();
    while let Err(panic) = caught(worker.run(&mut resources)).await {
        tracing::error!(target: "job_orch", { job.name = J::NAME, panic }, "a worker ended by a fault; it starts again");
        service.count_restart();
        tokio::time::sleep(PAUSE).await;
        worker = Worker::new(service.clone(), &channels);
    }
}

/// Runs a future whose panic is an error.
async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|poller| match guarded(|| future.as_mut().poll(poller)) {
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}
