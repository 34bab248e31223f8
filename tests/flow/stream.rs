//! A flow over a stream of inputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt, stream};
use job_orch::flow::{Flow, FlowError, Wire};
use job_orch_tests::within_a_minute;

use crate::jobs::{Add, Double, Halve, Increment, Odd, Sleep, Wrong, start};

#[tokio::test(start_paused = true)]
async fn outputs_come_in_the_order_of_the_inputs_or_as_they_are_there() {
    let orch = start(10, 8).await;
    let flow = Flow::define("sleep", |n: Wire<u64>| n.to(Sleep)).unwrap();
    let inputs = [50, 10, 40, 20, 30];
    let ordered: Vec<u64> = orch.run_all(&flow, stream::iter(inputs)).map(Result::unwrap).collect().await;
    assert_eq!(ordered, inputs);
    let all = orch.run_all(&flow, stream::iter(inputs)).as_completed();
    assert_eq!(all.map(Result::unwrap).collect::<Vec<u64>>().await, [10, 20, 30, 40, 50]);
}

#[tokio::test]
async fn each_run_fails_or_is_left_out_alone() {
    let orch = start(1, 1).await;
    let flow = Flow::define("half", |n: Wire<u64, Wrong>| {
        n.filter(|n| *n != 4).fork(|a| a.to(Halve), |b| b.to(Increment)).to(Add)
    })
    .unwrap();
    let ends: Vec<_> = within_a_minute(orch.run_all(&flow, stream::iter(1..=6)).collect()).await;
    let ends: Vec<_> = ends.into_iter().map(|end| end.map_err(FlowError::into_failed)).collect();
    let odd = |n| Err(Some(Wrong::Odd(Odd(n))));
    assert_eq!(ends, [odd(1), Ok(4), odd(3), odd(5), Ok(10)]);
}

#[tokio::test]
async fn no_more_inputs_are_asked_for_than_there_is_room() {
    let orch = start(1, 4).await;
    let flow = Flow::define("double", |n: Wire<u64>| n.to(Double).to(Increment).to(Double)).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let inputs = stream::iter(0..100_000).inspect({
        let asked = Arc::clone(&asked);
        move |_| {
            asked.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut outputs = orch.run_all(&flow, inputs).at_once(10);
    let mut taken = 0;
    while let Some(output) = outputs.next().await {
        assert_eq!(output.unwrap(), (taken * 2 + 1) * 2);
        taken += 1;
        let (asked, taken) = (asked.load(Ordering::Relaxed), taken as usize);
        assert!(asked <= taken + 10, "{asked} for {taken}");
        // Half of the room is never left empty for long, however many outputs have gathered.
        assert!(asked >= 100_000.min(taken + 4), "{asked} for {taken}");
    }
    assert_eq!(taken, 100_000);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_cancels_its_runs() {
    let orch = start(1, 8).await;
    let flow = Flow::define("sleep", |n: Wire<u64>| n.to(Sleep)).unwrap();
    let mut outputs = orch.run_all(&flow, stream::iter([1, 60_000, 60_000]));
    assert_eq!(outputs.next().await.unwrap().unwrap(), 1);
    drop(outputs);
    assert_eq!(orch.run(&flow, 5).timeout("1s").await.unwrap(), 5);
}

#[tokio::test]
async fn the_responses_of_a_job_are_inputs_too() {
    let orch = start(1, 8).await;
    let flow = Flow::define("more", |n: Wire<u64>| n.to(Increment)).unwrap();
    let responses = orch.responses(Double).filter_map(async |response| response.ok()?.outcome.as_ref().ok().copied());
    orch.send_many(Double, [1, 2, 3]).await.unwrap();
    let outputs: Vec<u64> = within_a_minute(orch.run_all(&flow, responses).take(3).map(Result::unwrap).collect()).await;
    assert_eq!(outputs, [3, 5, 7]);
}

#[tokio::test]
async fn a_stream_of_which_nothing_comes_out_ends() {
    let orch = start(1, 8).await;
    let flow = Flow::define("nothing", |n: Wire<u64>| n.filter(|_| false)).unwrap();
    assert_eq!(within_a_minute(orch.run_all(&flow, stream::iter(0..10_000)).count()).await, 0);
}
