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
