//! Running a model under many schedules, and the words in which models are written.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use job_orch::channel::{Delivery, McReceive, MpSend, ReceiveError};
use shuttle::future::{JoinHandle, yield_now};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

/// Schedules of each kind.
const SCHEDULES: usize = 1_000;

/// Where PCT may change its mind, per schedule.
const DEPTH: usize = 3;

/// Runs a model under random schedules, and under such as change their mind at few, decisive points. A task that sleeps
/// for ever is a deadlock, and fails.
pub(crate) fn explore<F: Future<Output = ()> + 'static>(model: fn() -> F) {
    run(RandomScheduler::new(SCHEDULES), model);
    run(PctScheduler::new(DEPTH, SCHEDULES), model);
}

fn run<F: Future<Output = ()> + 'static>(scheduler: impl Scheduler + 'static, model: fn() -> F) {
    let mut config = Config::new();
    // A worker with the user's job inside needs more than the default.
    config.stack_size = 1 << 18;
    Runner::new(scheduler, config).run(move || shuttle::future::block_on(model()));
}

/// Polls a future so often, with others running between, and drops it unless it is ready: it may have been woken then.
pub(crate) async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        if let Poll::Ready(output) = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

/// Polls a future once, from here: whoever polls it next must be woken, and not this task.
pub(crate) async fn begun<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Sends these numbers one by one, and says which were accepted.
pub(crate) async fn send_all(sender: impl MpSend<Message = u32>, numbers: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut accepted = Vec::new();
    for number in numbers {
        match sender.send(number).await {
            Ok(()) => accepted.push(number),
            Err(error) => assert_eq!(error.into_message(), number, "a refused message comes back"),
        }
    }
    accepted
}

/// Receives and acks up to the end.
pub(crate) async fn take_all(mut receiver: impl McReceive<Message = u32>) -> Vec<u32> {
    let mut taken = Vec::new();
    loop {
        match receiver.receive().await {
            Ok(delivery) => {
                taken.push(*delivery.message());
                settled(delivery.ack()).await;
            }
            Err(ReceiveError::Closed) => return taken,
            Err(error) => panic!("messages or the end come, not: {error}"),
        }
    }
}

pub(crate) async fn settled<E: std::fmt::Debug>(settling: impl Future<Output = Result<(), E>>) {
    settling.await.expect("memory settles everything");
}

pub(crate) async fn joined<T>(task: JoinHandle<T>) -> T {
    task.await.expect("the task ends without a panic")
}

/// What all tasks returned, together and sorted.
pub(crate) async fn together(tasks: Vec<JoinHandle<Vec<u32>>>) -> Vec<u32> {
    let mut all = Vec::new();
    for task in tasks {
        all.extend(joined(task).await);
    }
    all.sort_unstable();
    all
}
