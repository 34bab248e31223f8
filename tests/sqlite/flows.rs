//! Flows on the durable engine run as in memory.

use job_orch::flow::{Flow, FlowError, Wire};
use job_orch::prelude::*;
use job_orch_tests::{Bare, within_a_minute};

use crate::store::Place;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[job(retry(max = 0))]
#[processor(workers = 4, requests = 2)]
async fn halve(number: &u64) -> Result<u64, Bare> {
    if number.is_multiple_of(2) { Ok(number / 2) } else { Err(Bare(format!("{number} is odd"))) }
}

/// It says nothing of retries: those of the engine take weeks.
#[job]
async fn refuse(number: &u64) -> Result<u64, Bare> {
    Err(Bare(format!("not {number}")))
}

#[tokio::test]
async fn a_step_that_is_buried_does_not_keep_its_run_waiting_for_weeks() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Refuse).start().await.unwrap();
    let buries = Flow::define("buries", |n: Wire<Vec<u64>>| n.each(|n| n.attempt(Refuse).dead_letter())).unwrap();
    within_a_minute(async {
        assert_eq!(orch.run(&buries, vec![1, 2]).await.unwrap(), [0; 0]);
        assert_eq!(orch.dead_letters(Refuse).await.unwrap().len(), 2);
        assert_eq!(orch.run_as(JobId::new(), &buries, vec![3]).await.unwrap(), [0; 0]);
        assert_eq!(orch.dead_letters(Refuse).await.unwrap().len(), 3);
        orch.shutdown().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_flow_runs_on_it_as_in_memory() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Double).host(Halve).start().await.unwrap();
    let chain =
        Flow::define("chain", |n: Wire<u64, Bare>| n.fork(|a| a.to(Double), |b| b.to(Halve)).map(|(a, b)| a + b))
            .unwrap();
    let each = Flow::define("each", |n: Wire<Vec<u64>, Bare>| n.each(|n| n.to(Double).to(Halve))).unwrap();
    within_a_minute(async {
        assert_eq!(orch.run(&chain, 8).await.unwrap(), 20);
        assert!(matches!(orch.run(&chain, 7).await, Err(FlowError::Step { .. })));
        // More than its channels hold.
        let numbers: Vec<u64> = (0..300).collect();
        assert_eq!(orch.run(&each, numbers.clone()).await.unwrap(), numbers);
        orch.shutdown().await.unwrap();
    })
    .await;
}
