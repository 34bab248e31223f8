//! Flows on several threads, on channels of one place, with runs that are dropped wherever they are.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use job_orch::flow::{Flow, Wire};
use job_orch::retry::Retry;
use job_orch_tests::within_a_minute;

use crate::jobs::{Add, Double, Halve, Increment, Sleep, Sum, Wrong, start};

/// A flow with every kind of step that holds something.
fn flow() -> Flow<u64, u64, Wrong> {
    Flow::define("all", |n: Wire<u64, Wrong>| {
        n.share(
            |n| n.to(Double).retry_part(Retry::times(2).constant(Duration::from_millis(1)), |n| n.to(Halve)),
            |n| {
                n.map(|n| 0..n % 50)
                    .each_at_once(4, |n| n.to(Increment).batch(3, "1ms", |all| all.map(doubled)))
                    .to(Sum)
            },
            |n, late| n.map(|n| n % 3).to(Sleep).with(late).to(Add),
        )
        .to(Add)
    })
    .unwrap()
}

fn doubled(all: Vec<u64>) -> Vec<u64> {
    all.into_iter().map(|n| n * 2).collect()
}

fn expected(n: u64) -> u64 {
    (1..=n % 50).map(|n| n * 2).sum::<u64>() + n % 3 + n
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_run_ends_right_and_dropped_ones_leave_nothing_behind() {
    let orch = start(2, 1).await;
    let flow = flow();
    let runs = stream::iter(0..600_u64).map(|n| {
        let (orch, flow) = (&orch, &flow);
        async move {
            // Every third one is dropped, at some moment.
            if n % 3 == 0 {
                let _ = tokio::time::timeout(Duration::from_micros(n * 10), orch.run(flow, n)).await;
            } else {
                assert_eq!(orch.run(flow, n).await.unwrap(), expected(n));
            }
        }
    });
    within_a_minute(runs.buffer_unordered(50).collect::<Vec<()>>()).await;
    // It waits for whatever still moves.
    within_a_minute(orch.shutdown()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_runs_keeps_its_order_on_several_threads() {
    let orch = start(2, 1).await;
    let flow = flow();
    let outputs: Vec<u64> =
        within_a_minute(orch.run_all(&flow, stream::iter(0..1000)).at_once(40).map(Result::unwrap).collect()).await;
    assert_eq!(outputs, (0..1000).map(expected).collect::<Vec<u64>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_quick_parts_come_out_once_each() {
    let orch = start(1, 1).await;
    let flow = Flow::define("quick", |n: Wire<std::ops::Range<u64>>| {
        n.each(|n| n.to(Double).map(|n| n + 1).to(Double).fork(|a| a.to(Increment), |b| b).to(Add))
    })
    .unwrap();
    let output = within_a_minute(orch.run(&flow, 0..50_000)).await.unwrap();
    assert_eq!(output, (0..50_000).map(|n| (n * 2 + 1) * 4 + 1).collect::<Vec<u64>>());
}
