//! A job in several queues.

use job_orch::prelude::*;
use job_orch::settings::Serving;
use job_orch::{Error, Refusal};
use job_orch_tests::soon;

#[processor(queue = "numbers")]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[job]
async fn half(number: &u64) -> u64 {
    number / 2
}

#[test]
fn a_job_has_a_queue() {
    assert_eq!((Double::SERVING.queue, Half::SERVING.queue), ("numbers", "default"));
}

#[tokio::test]
async fn a_request_goes_to_its_jobs_queue_unless_it_names_another() {
    let slow = Double::SERVING.queue("slow");
    let orch = Orchestrator::on(Memory::new()).host(Double).host_with(Double, slow).host(Half).start().await.unwrap();
    let client = orch.client(Double).unwrap();
    let mut numbers = orch.responses(Double);
    let mut slow_ones = client.in_queue("slow").unwrap().responses();
    let first = orch.send(Double, 1).await.unwrap();
    let second = orch.send(Double, 2).queue("slow").await.unwrap();
    let third = orch.send(Double, 3).queue("numbers").await.unwrap();
    assert_eq!(soon(numbers.receive()).await.unwrap().id, first.id);
    assert_eq!(soon(numbers.receive()).await.unwrap().id, third.id);
    assert_eq!(soon(slow_ones.receive()).await.unwrap().id, second.id);
    assert_eq!(orch.call(Double, 4).queue("slow").await.unwrap(), 8);
    let health = orch.health().await;
    let accepted: Vec<_> = health.jobs.iter().map(|job| (job.job, job.queue, job.accepted)).collect();
    assert_eq!(accepted, [("double", "numbers", 2), ("double", "slow", 2), ("half", "default", 0)]);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_queue_that_nobody_knows_refuses() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let refused = orch.send(Double, 1).queue("slow").await.unwrap_err();
    assert!(matches!(refused.reason(), Refusal::NotHosted), "{refused}");
    assert_eq!(refused.into_request(), 1);
    assert!(matches!(orch.call(Double, 1).queue("slow").await, Err(CallError::NotHosted { job: "double" })));
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn one_job_twice_in_one_queue_is_refused() {
    let assembly = Orchestrator::on(Memory::new()).host(Double).host_with(Double, Serving::DEFAULT.queue("numbers"));
    assert!(matches!(assembly.start().await, Err(Error::HostedTwice { job: "double", .. })));
}

#[tokio::test]
async fn a_queue_has_a_short_plain_name() {
    for name in ["", "two words", "a@b", "x".repeat(65).leak()] {
        let error =
            Orchestrator::on(Memory::new()).host_with(Half, Serving::DEFAULT.queue(name)).start().await.unwrap_err();
        assert!(matches!(&error, Error::InvalidServing { problem, .. } if problem.contains("queue")), "{error}");
    }
}
