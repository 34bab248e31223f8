//! apalis' workflow on its backend in memory. It writes each step's output as JSON, and keeps all of them.

use std::time::Instant;

use apalis::prelude::{TaskSink as _, WorkerBuilder};
use apalis_workflow::SteppedFlow;
use apalis_workflow::in_memory::InMemoryWorkflow;
use tokio::sync::mpsc;

use crate::flow::{chained, third, twice};
use crate::ours::next;

/// A worker, and a last step that hands the output to a receiver, for it has none.
///
/// All inputs are there before the worker begins: its sink panics when it is pushed to by two tasks at a time. Their time counts.
pub async fn chain(count: u64) -> f64 {
    let (output, mut outputs) = mpsc::unbounded_channel();
    let flow = SteppedFlow::new("chain")
        .and_then(async |number: u64| next(&number).await)
        .and_then(async |number: u64| twice(&number).await)
        .and_then(move |number: u64| {
            let output = output.clone();
            async move {
                let _ = output.send(third(&number).await);
            }
        });
    let mut backend = InMemoryWorkflow::create();
    let start = Instant::now();
    for number in 0..count {
        backend.push(number).await.expect("the backend takes it");
    }
    let worker = tokio::spawn(WorkerBuilder::new("chain").backend(backend).build(flow).run());
    let mut sum = 0;
    for _ in 0..count {
        sum += outputs.recv().await.expect("an output for each input");
    }
    let rate = count as f64 / start.elapsed().as_secs_f64() / 1e6;
    worker.abort();
    assert_eq!(sum, (0..count).map(chained).sum::<u64>(), "an output was lost, doubled or wrong");
    rate
}
