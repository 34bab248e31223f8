//! Queues on a file: which process takes what.

use job_orch::Error;
use job_orch::prelude::*;
use job_orch_tests::within_a_minute;

use crate::store::Place;

#[job]
#[processor(queue = "numbers")]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[job]
#[processor(queue = "texts")]
async fn measure(text: &String) -> usize {
    text.len()
}

#[tokio::test]
async fn a_process_takes_from_the_queues_that_it_names_alone() {
    let place = Place::new();
    let texts = Orchestrator::on(place.open()).host(Double).host(Measure).only(["texts"]).start().await.unwrap();
    let receipt = texts.send(Double, 21).await.unwrap();
    assert_eq!(within_a_minute(texts.call(Measure, "four".to_owned())).await.unwrap(), 4);
    assert_eq!(place.rows("SELECT job, state FROM jobs"), [["double", "ready"].map(str::to_owned)]);
    let numbers = Orchestrator::on(place.open()).host(Double).host(Measure).only(["numbers"]).start().await.unwrap();
    assert_eq!(within_a_minute(texts.call(Double, 4)).await.unwrap(), 8, "another process answers");
    assert_eq!(numbers.response(Double, receipt.id).await.unwrap().unwrap().outcome, Ok(42));
    texts.shutdown().await.unwrap();
    numbers.shutdown().await.unwrap();
    assert_eq!((numbers.counts(Double).unwrap().succeeded, texts.counts(Double).unwrap().succeeded), (2, 0));
}

#[tokio::test]
async fn a_request_in_another_queue_than_its_jobs_waits_for_whoever_serves_that() {
    let place = Place::new();
    let sender = Orchestrator::on(place.open()).reach(Double).reach_in(Double, "slow").start().await.unwrap();
    let own = Orchestrator::on(place.open()).host(Double).start().await.unwrap();
    sender.send(Double, 1).queue("slow").await.unwrap();
    assert_eq!(within_a_minute(sender.call(Double, 2)).await.unwrap(), 4);
    assert_eq!(place.rows("SELECT job, state FROM jobs"), [["double@slow", "ready"].map(str::to_owned)]);
    own.shutdown().await.unwrap();
    let slow = Orchestrator::on(place.open()).host_with(Double, Double::SERVING.queue("slow")).start().await.unwrap();
    assert_eq!(within_a_minute(sender.call(Double, 3).queue("slow")).await.unwrap(), 6);
    assert_eq!(place.number("SELECT count(*) FROM jobs"), 0);
    slow.shutdown().await.unwrap();
    sender.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_queue_that_no_job_has_is_refused_by_its_name() {
    let place = Place::new();
    let error = Orchestrator::on(place.open()).host(Double).only(["nmbers"]).start().await.unwrap_err();
    assert!(matches!(&error, Error::UnknownQueue { queue } if queue == "nmbers"), "{error}");
    assert!(error.to_string().contains("nmbers"));
}
