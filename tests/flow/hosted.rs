//! A flow that is a job.

use job_orch::flow::{FlowError, Wire};
use job_orch::prelude::*;
use job_orch::{Error, Run, flow};
use job_orch_tests::within_a_minute;
use tokio::time::Instant;

use crate::jobs::{Add, Double, Halve, Increment, Odd, Sleep};

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Bad {
    #[error(transparent)]
    Odd(#[from] Odd),
    #[error("half: {0}")]
    Half(String),
}

impl From<FlowError<Odd>> for Bad {
    fn from(error: FlowError<Odd>) -> Self {
        Self::Half(error.to_string())
    }
}

/// Half of a number, and one.
#[flow(cache)]
fn half(number: Wire<u64, Odd>) -> Wire<u64, Odd> {
    number.to(Halve).to(Increment)
}

#[flow(name = "both/v2", at_once = 2, timeout = "10s")]
fn both(numbers: Wire<Vec<u64>, Bad>) -> Wire<Vec<u64>, Bad> {
    numbers.each(|number| number.fork(|a| a.to(Half), |b| b.then(wait)).to(Add))
}

fn wait<F: Send + 'static>(number: Wire<u64, F>) -> Wire<u64, F> {
    number.to(Sleep)
}

async fn hosted() -> Orchestrator<Memory> {
    let orch = Orchestrator::on(Memory::new()).host(Both).host(Half).host(Halve).host(Increment).host(Add).host(Sleep);
    orch.start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_is_called_cached_nested_and_heard_like_any_job() {
    let orch = hosted().await;
    assert_eq!((Both::NAME, Both::SERVING.workers), ("both/v2", 2));
    let mut responses = orch.responses(Both);
    assert_eq!(orch.call(Both, vec![4, 4, 10]).await.unwrap(), [7, 7, 16]);
    assert_eq!(*responses.receive().await.unwrap().outcome.as_ref().unwrap(), [7, 7, 16]);
    assert_eq!(orch.call(Half, 10).await.unwrap(), 6);
    let counts = orch.counts(Half).unwrap();
    assert_eq!((counts.succeeded, orch.counts(Halve).unwrap().succeeded), (3, 2));
    within_a_minute(orch.shutdown()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn its_failure_is_that_of_the_flow_and_converts_like_any_other() {
    let orch = hosted().await;
    let error = orch.call(Both, vec![4, 7]).await.unwrap_err().into_failed().unwrap().into_failed().unwrap();
    assert_eq!(error, Bad::Half("flow `half`, step 1: job `halve` failed at attempt 1: 7 is odd".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn its_limit_stops_what_runs_for_it() {
    let orch = hosted().await;
    let started = Instant::now();
    let error = orch.call(Both, vec![60_000]).await.unwrap_err();
    assert!(matches!(error, CallError::TimedOut { job: "both/v2", .. }), "{error}");
    assert_eq!(started.elapsed().as_secs(), 10);
    // The only sleeper is free again.
    assert_eq!(orch.call(Sleep, 1).timeout("1s").await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_drains_the_requests_that_wait_for_it() {
    let orch = hosted().await;
    let mut responses = orch.responses(Both);
    for _ in 0..5 {
        orch.send(Both, vec![1000]).await.unwrap();
    }
    orch.shutdown().await.unwrap();
    for _ in 0..5 {
        assert_eq!(*responses.receive().await.unwrap().outcome.as_ref().unwrap(), [1501]);
    }
}

#[tokio::test]
async fn a_job_that_nobody_hosts_is_an_error_of_the_start() {
    let missing = Orchestrator::on(Memory::new()).host(Half).host(Halve).start().await.unwrap_err();
    assert_eq!(missing.to_string(), "flow `half`, step 2: job `increment` is not hosted here");
}

#[flow]
fn endless(number: Wire<u64, FlowError<u64>>) -> Wire<u64, FlowError<u64>> {
    number.to(Double).attempt(Detour).or(|_| 0)
}

#[flow]
fn detour(number: Wire<u64>) -> Wire<u64> {
    number.attempt(Endless).or(|_| 0)
}

#[tokio::test]
async fn a_flow_that_runs_itself_is_an_error_of_the_start() {
    let endless = Orchestrator::on(Memory::new()).host(Double).host(Detour).host(Endless).start().await.unwrap_err();
    assert!(matches!(endless, Error::FlowInItself { flow: "detour" }), "{endless}");
}
