//! apalis' storage in memory, with a broadcast or a way back in the hands of the job, for it has neither.
//!
//! Its own sink panics with one producer and one worker on two threads (`try_lock().unwrap()`), so the channel inside it is
//! fed: an unbounded one, as apalis has it.

use std::ops::Range;
use std::sync::Arc;

use apalis::prelude::{MemoryStorage, WorkerBuilder, WorkerBuilderExt as _};
use apalis_core::backend::memory::MemorySink;
use apalis_core::task::Task;
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use tokio::sync::oneshot;

use super::broadcast::lossless;
use crate::call::Caller;
use crate::stream::{Feed, Shape, run};

/// The client of apalis' worker.
#[derive(Debug)]
pub struct Apalis<A>(UnboundedSender<Task<A>>);

impl<A> Clone for Apalis<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

type Asked = (u64, oneshot::Sender<u64>);

fn storage<A: Send + 'static>() -> (Apalis<A>, MemoryStorage<A>) {
    let (sender, receiver): (UnboundedSender<Task<A>>, UnboundedReceiver<Task<A>>) = unbounded();
    let unused = MemorySink::new(Arc::new(futures_util::lock::Mutex::new(Box::new(MemoryStorage::new()))));
    (Apalis(sender), MemoryStorage::new_with(unused, Box::pin(receiver)))
}

impl Feed for Apalis<u64> {
    async fn feed(&mut self, numbers: Range<u64>) {
        for number in numbers {
            self.0.unbounded_send(Task::new(number)).expect("the worker lives");
        }
    }
}

impl Caller for Apalis<Asked> {
    async fn ask(&mut self, number: u64) -> u64 {
        let (reply, answer) = oneshot::channel();
        self.0.unbounded_send(Task::new((number, reply))).expect("the worker lives");
        answer.await.expect("the worker answers")
    }
}

/// A worker with as many jobs at once as the shape has workers.
pub async fn stream(shape: Shape) -> f64 {
    let (client, storage) = storage::<u64>();
    let (publisher, receivers) = lossless(shape.receivers);
    let handle = move |number: u64| {
        let mut publisher = publisher.clone();
        async move { publisher.publish_among_others(number + 1).await }
    };
    let worker = WorkerBuilder::new("next").backend(storage).concurrency(shape.workers).build(handle);
    tokio::spawn(worker.run());
    run(shape, vec![client; shape.producers], receivers).await
}

/// A worker whose requests carry the way back.
#[must_use]
pub fn call() -> Apalis<Asked> {
    let (client, storage) = storage::<Asked>();
    let handle = |(number, reply): Asked| async move {
        let _ = reply.send(number + 1);
    };
    tokio::spawn(WorkerBuilder::new("next").backend(storage).build(handle).run());
    client
}
