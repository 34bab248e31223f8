//! `each`: order, bounds and ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use job_orch::flow::{Flow, FlowError, Wire};
use job_orch_tests::within_a_minute;

use crate::jobs::{Add, Double, Halve, Increment, Odd, Sleep, Sum, Wrong, start};

#[tokio::test(start_paused = true)]
async fn the_output_is_in_the_order_of_the_input() {
    let orch = start(8, 8).await;
    let flow = Flow::define("order", |n: Wire<Vec<u64>>| n.each(|n| n.to(Sleep))).unwrap();
    let input: Vec<u64> = (0..100).map(|n| (n * 37) % 101).collect();
    assert_eq!(orch.run(&flow, input.clone()).await.unwrap(), input);
}

#[tokio::test]
async fn nothing_is_an_empty_output() {
    let orch = start(1, 1).await;
    let flow = Flow::define("none", |n: Wire<Vec<u64>>| n.each(|n| n.to(Double)).to(Sum)).unwrap();
    assert_eq!(orch.run(&flow, Vec::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn an_each_in_an_each_keeps_both_orders() {
    let orch = start(2, 1).await;
    let flow = Flow::define("nested", |n: Wire<u64>| {
        n.map(|n| (0..n).collect::<Vec<u64>>()).each_at_once(3, |n| {
            n.map(|n| (0..n).collect::<Vec<u64>>())
                .each_at_once(2, |n| n.fork(|a| a.to(Double), |b| b.to(Increment)).to(Add))
        })
    })
    .unwrap();
    let output = within_a_minute(orch.run(&flow, 20)).await.unwrap();
    let expected: Vec<Vec<u64>> = (0..20).map(|n| (0..n).map(|n| n * 3 + 1).collect()).collect();
    assert_eq!(output, expected);
}

#[tokio::test]
async fn parts_of_which_nothing_comes_out_are_left_out() {
    let orch = start(1, 8).await;
    let flow =
        Flow::define("evens", |n: Wire<Vec<u64>>| n.each(|n| n.filter(|n| n.is_multiple_of(2)).to(Double))).unwrap();
    assert_eq!(orch.run(&flow, (0..9).collect()).await.unwrap(), [0, 4, 8, 12, 16]);
}

#[tokio::test]
async fn parts_without_any_job_do_not_fill_the_stack() {
    let orch = start(1, 8).await;
    let flow = Flow::define("pure", |n: Wire<std::ops::Range<u64>>| n.each(|n| n.map(|n| n + 1))).unwrap();
    assert_eq!(orch.run(&flow, 0..200_000).await.unwrap().len(), 200_000);
}

#[tokio::test]
async fn the_first_failure_ends_it_and_takes_no_more_parts() {
    let orch = start(1, 8).await;
    let flow = Flow::define("fails", |n: Wire<std::ops::RangeFrom<u64>, Wrong>| n.each(|n| n.to(Halve))).unwrap();
    assert_eq!(orch.run(&flow, 0..).await.unwrap_err().into_failed(), Some(Wrong::Odd(Odd(1))));
    within_a_minute(orch.shutdown()).await.unwrap();
}

#[tokio::test]
async fn a_flow_that_collects_failures_runs_every_part() {
    let orch = start(1, 8).await;
    let flow = Flow::define("all", |n: Wire<Vec<u64>, Wrong>| n.each(|n| n.to(Halve))).unwrap().collect_failures();
    let error = orch.run(&flow, (0..10).collect()).await.unwrap_err();
    let FlowError::Several { errors, .. } = error else { panic!("{error}") };
    assert_eq!(errors.len(), 5);
    assert_eq!(orch.counts(Halve).unwrap().succeeded, 5);
}

/// Counts what was taken from it and what has come out at the other end.
#[tokio::test]
async fn a_million_parts_never_have_more_in_flight_than_the_limit() {
    let orch = start(1, 16).await;
    let (taken, ended, most) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let flow = {
        let ended = Arc::clone(&ended);
        Flow::define("million", |n: Wire<Box<dyn Iterator<Item = u64> + Send>>| {
            n.each_at_once(100, |n| {
                n.to(Double).map(move |n| {
                    ended.fetch_add(1, Ordering::Relaxed);
                    n
                })
            })
        })
        .unwrap()
    };
    let counted = (0..1_000_000_u64).inspect({
        let most = Arc::clone(&most);
        move |_| {
            let in_flight = taken.fetch_add(1, Ordering::Relaxed) + 1 - ended.load(Ordering::Relaxed);
            most.fetch_max(in_flight, Ordering::Relaxed);
        }
    });
    let output = orch.run(&flow, Box::new(counted)).await.unwrap();
    assert!(output.iter().zip(0..).all(|(doubled, n)| *doubled == n * 2));
    assert_eq!(output.len(), 1_000_000);
    assert!(most.load(Ordering::Relaxed) <= 100, "{most:?} were in flight");
}
