//! How an orchestrator is doing can be asked.

use job_orch::prelude::*;
use job_orch_tests::{Bare, Gate, settle, soon};
use tokio::time::sleep;

#[job(retry(max = 1, backoff = "1s", jitter = 0))]
#[processor(workers = 2)]
async fn work(number: &u64, gate: &Gate) -> Result<u64, Bare> {
    gate.pass().await;
    if *number == 13 { Err(Bare::of("an unlucky number")) } else { Ok(*number) }
}

#[job]
async fn idle(_: &()) {}

async fn working() -> (Orchestrator<Memory>, Gate) {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(Work).host(Idle).start().await.unwrap();
    (orch, gate)
}

#[tokio::test(start_paused = true)]
async fn health_lists_every_job_in_the_order_of_hosting() {
    let (orch, _) = working().await;
    settle().await;
    let health = orch.health().await;
    assert!(health.is_healthy());
    let jobs: Vec<_> = health.jobs.iter().map(|job| (job.job, job.workers, job.working)).collect();
    assert_eq!(jobs, [("work", 2, 2), ("idle", 1, 1)]);
}

#[tokio::test(start_paused = true)]
async fn health_counts_what_was_accepted_and_what_waits() {
    let (orch, gate) = working().await;
    orch.send_many(Work, 0..10).await.unwrap();
    orch.send(Work, 10).after("1h").await.unwrap();
    gate.reached_by(2).await;
    let job = &orch.health().await.jobs[0];
    assert_eq!((job.accepted, job.waiting), (11, Some(9)), "two run");
    assert_eq!(orch.client(Work).unwrap().waiting().await.unwrap(), 9);
    gate.open();
    sleep(std::time::Duration::from_secs(1)).await;
    let job = &orch.health().await.jobs[0];
    assert_eq!((job.accepted, job.waiting, job.counts.succeeded), (11, Some(1), 10));
}

#[tokio::test(start_paused = true)]
async fn what_was_accepted_has_ended_or_waits_or_is_dead() {
    let (orch, gate) = working().await;
    gate.open();
    for number in [1, 13, 2, 13, 3] {
        orch.send(Work, number).await.unwrap();
    }
    soon(orch.call(Work, 13)).await.unwrap_err();
    sleep(std::time::Duration::from_secs(10)).await;
    let delayed = orch.send(Work, 4).after("1h").await.unwrap();
    assert!(orch.cancel(Work, delayed.id).await);
    let job = &orch.health().await.jobs[0];
    let counts = job.counts;
    assert_eq!((job.accepted, job.waiting), (7, Some(0)));
    assert_eq!((counts.succeeded, counts.failed, counts.cancelled, counts.buried), (3, 3, 1, 2));
    assert_eq!((counts.attempts, counts.retried), (9, 3));
    assert_eq!(counts, orch.counts(Work).unwrap());
    assert_eq!(counts, orch.client(Work).unwrap().counts());
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_nobody_works() {
    let (orch, _) = working().await;
    orch.shutdown().await.unwrap();
    let health = orch.health().await;
    assert!(!health.is_healthy());
    assert!(health.jobs.iter().all(|job| job.working == 0));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_has_no_cache_counts_none() {
    let (orch, _) = working().await;
    assert_eq!(orch.counts(Idle).unwrap().cache, None);
}
