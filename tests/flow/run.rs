//! A run: its output, its failure, its end.

use std::time::Duration;

use job_orch::CallError;
use job_orch::flow::{Flow, FlowError, Mistake, Wire};
use job_orch::prelude::*;
use job_orch_tests::{Capture, within_a_minute};

use crate::jobs::{Double, Explode, Halve, Increment, Odd, Parse, Sleep, Wrong, start};

#[tokio::test]
async fn a_chain_of_jobs_and_functions_comes_to_its_output() {
    let orch = start(1, 8).await;
    let flow = Flow::define("chain", |texts: Wire<String, Wrong>| {
        texts.to(Parse).map(|number| number + 1).to(Double).to(Halve).to(Increment)
    })
    .unwrap();
    assert_eq!(orch.run(&flow, "20".to_owned()).await.unwrap(), 22);
}

#[tokio::test]
async fn a_failure_of_a_job_is_the_flows_own_error() {
    let orch = start(1, 8).await;
    let flow = Flow::define("fails", |n: Wire<u64, Wrong>| n.to(Halve).to(Double)).unwrap();
    let error = orch.run(&flow, 7).await.unwrap_err();
    assert_eq!(error.to_string(), "flow `fails`, step 1: job `halve` failed at attempt 1: 7 is odd");
    assert_eq!(error.into_failed(), Some(Wrong::Odd(Odd(7))));
}

#[tokio::test]
async fn a_panic_in_a_job_or_in_a_function_is_a_failure_of_its_own_step() {
    let orch = start(1, 8).await;
    let job = Flow::define("job", |n: Wire<u64>| n.to(Double).map(|n| n + 1).to(Explode)).unwrap();
    let error = orch.run(&job, 6).await.unwrap_err();
    assert!(
        matches!(&error, FlowError::Step { step: 3, error: CallError::Panicked { job: "explode", .. }, .. }),
        "{error}"
    );
    let map = Flow::define("map", |n: Wire<u64>| n.to(Double).map(|n| 100 / (n - 26)).to(Increment)).unwrap();
    let error = orch.run(&map, 13).await.unwrap_err();
    assert!(
        matches!(&error, FlowError::Step { step: 2, error: CallError::Panicked { job: "map", .. }, .. }),
        "{error}"
    );
    // The worker that ran the function is not blamed for it.
    assert_eq!(orch.counts(Double).unwrap().panicked, 0);
    assert_eq!(orch.run(&map, 14).await.unwrap(), 51);
}

#[tokio::test]
async fn a_job_that_nobody_hosts_is_a_typed_error_of_the_run() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let flow = Flow::define("half", |n: Wire<u64, Wrong>| n.to(Double).to(Halve).to(Increment)).unwrap();
    let error = orch.run(&flow, 1).await.unwrap_err();
    assert!(matches!(error, FlowError::NotHosted { flow: "half", step: 2, job: "halve" }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_too_long_ends_and_stops_its_job() {
    let orch = start(1, 8).await;
    let flow = Flow::define("slow", |n: Wire<u64>| n.to(Sleep).to(Double)).unwrap();
    let error = orch.run(&flow, 60_000).timeout("1s").await.unwrap_err();
    assert!(matches!(error, FlowError::Expired { flow: "slow" }), "{error}");
    // The only worker is free again at once.
    assert_eq!(orch.run(&flow, 5).timeout("1s").await.unwrap(), 10);
    assert_eq!(orch.counts(Sleep).unwrap().succeeded, 1);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_is_cancelled_wherever_it_is() {
    let orch = start(1, 8).await;
    let flow = Flow::define("slow", |n: Wire<u64>| n.to(Sleep).to(Double)).unwrap();
    let run = tokio::time::timeout(Duration::from_secs(1), orch.run(&flow, 60_000)).await;
    assert!(run.is_err());
    assert_eq!(orch.run(&flow, 5).timeout("1s").await.unwrap(), 10);
    assert_eq!(orch.counts(Sleep).unwrap().cancelled, 1);
}

#[tokio::test]
async fn the_same_job_twice_on_channels_of_one_place_never_locks_up() {
    let orch = start(1, 1).await;
    let flow =
        Flow::define("twice", |n: Wire<u64>| n.to(Double).to(Increment).to(Double).to(Increment).to(Double)).unwrap();
    let runs = (0..500).map(|n| orch.run(&flow, n));
    let all = within_a_minute(futures_util::future::try_join_all(runs)).await.unwrap();
    assert_eq!(all, (0..500).map(|n| ((n * 2 + 1) * 2 + 1) * 2).collect::<Vec<u64>>());
}

#[tokio::test(start_paused = true)]
async fn no_more_runs_are_in_flight_than_the_flow_admits() {
    let orch = start(8, 8).await;
    let flow = Flow::define("narrow", |n: Wire<u64>| n.to(Sleep)).unwrap().at_once(2);
    let started = tokio::time::Instant::now();
    let runs = (0..6).map(|_| orch.run(&flow, 1000));
    futures_util::future::try_join_all(runs).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_runs_in_flight_come_to_their_end() {
    let orch = start(1, 8).await;
    let flow = Flow::define("slow", |n: Wire<u64>| n.to(Sleep).to(Double)).unwrap();
    let (output, shut) = tokio::join!(orch.run(&flow, 2000), orch.shutdown());
    assert_eq!(output.unwrap(), 4000);
    shut.unwrap();
    let error = orch.run(&flow, 1).await.unwrap_err();
    assert!(matches!(error, FlowError::Closed { .. }), "{error}");
}

#[test]
fn a_wire_smuggled_out_of_its_closure_is_refused() {
    let mut inner = None;
    let outer = Flow::define("outer", |mut wire: Wire<u64>| {
        inner = Some(Flow::define("inner", |own: Wire<u64>| std::mem::replace(&mut wire, own).to(Double)));
        wire
    });
    for (refused, flow) in [(outer, "outer"), (inner.unwrap(), "inner")] {
        let refused = refused.unwrap_err();
        assert_eq!((refused.flow, refused.mistake), (flow, Mistake::SmuggledWire { inside: "input" }));
    }
}

#[test]
fn a_limit_that_lets_nothing_through_is_refused() {
    let refused = Flow::define("shut", |n: Wire<Vec<u64>>| n.each_at_once(0, |n| n.to(Double))).unwrap_err();
    assert_eq!(refused.to_string(), "flow `shut`: the limit of a step `each` is 0, which lets nothing through");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_cancelled_run_does_not_run() {
    let orch = start(1, 8).await;
    let flow = Flow::define("slow", |n: Wire<u64>| n.to(Sleep)).unwrap();
    orch.send(Sleep, 10_000).await.unwrap();
    let dropped = tokio::time::timeout(Duration::from_secs(1), orch.run(&flow, 500)).await;
    assert!(dropped.is_err());
    orch.shutdown().await.unwrap();
    let counts = orch.counts(Sleep).unwrap();
    assert_eq!((counts.attempts, counts.succeeded, counts.cancelled), (1, 1, 1));
}

#[tokio::test]
async fn all_steps_of_a_run_are_one_trace() {
    let captured = Capture::begin();
    let orch = start(1, 8).await;
    let flow =
        Flow::define("traced", |n: Wire<u64>| n.fork(|a| a.to(Double), |b| b.to(Increment)).map(|(a, _)| a).to(Sleep))
            .unwrap();
    // Of the newest run.
    let traces = || {
        let spans = captured.spans_named("job.run");
        let newest = spans[spans.len().saturating_sub(3)..].iter();
        newest.map(|span| span.fields.get("trace.parent").cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    // A test on another thread, where nobody listens, may have met the spans first: they are heard a little later.
    let heard = async {
        while traces().last().is_none_or(String::is_empty) {
            orch.run(&flow, 1).await.unwrap();
        }
    };
    within_a_minute(heard).await;
    orch.run(&flow, 1).trace_parent("00-of-mine-01").await.unwrap();
    assert_eq!(traces(), ["00-of-mine-01"; 3]);
    orch.run(&flow, 1).await.unwrap();
    let own = traces();
    assert!(own.iter().all(|trace| trace.len() == 55 && *trace == own[0]), "{own:?}");
    orch.run(&flow, 1).await.unwrap();
    assert_ne!(traces()[0], own[0]);
}
