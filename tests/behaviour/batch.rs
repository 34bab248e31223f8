//! A batch job takes many requests at once, and answers each alone.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Bare, Driver, Gate, Log, soon};
use tokio::time::{Instant, sleep};

type Batches = Log<Vec<u64>>;

#[job]
#[processor(batch(max = 4))]
async fn at_once(numbers: &[u64], batches: &Batches) -> Vec<u64> {
    batches.push(numbers.to_vec());
    numbers.iter().map(|number| number * 2).collect()
}

#[job]
#[processor(batch(max = 4, linger = "1s"))]
async fn lingering(numbers: &[u64], batches: &Batches) -> Vec<u64> {
    batches.push(numbers.to_vec());
    numbers.to_vec()
}

/// Fails for odd numbers at the first go.
#[job(retry(max = 1, backoff = "1s", jitter = 0))]
#[processor(batch(max = 10))]
async fn picky(numbers: &[u64], batches: &Batches) -> Vec<Result<u64, Bare>> {
    let tried = batches.entries().concat();
    batches.push(numbers.to_vec());
    let one = |number: &u64| match number {
        13 => Err(Bare::of("an unlucky number")),
        odd if odd % 2 == 1 && !tried.contains(odd) => Err(Bare(format!("{odd} is odd"))),
        number => Ok(*number),
    };
    numbers.iter().map(one).collect()
}

#[job]
#[processor(batch(max = 3, linger = "1s"))]
async fn gated(numbers: &[u64], batches: &Batches, gate: &Gate) -> Vec<u64> {
    batches.push(numbers.to_vec());
    gate.pass().await;
    numbers.to_vec()
}

macro_rules! hosting {
    ($($job:ident),+) => {{
        let (batches, gate) = (Batches::new(), Gate::shut());
        let orch = Orchestrator::on(Memory::new()).share(batches.clone()).share(gate.clone());
        (orch$(.host($job))+.start().await.unwrap(), batches, gate)
    }};
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_are_taken_together_up_to_the_most() {
    let (orch, batches, _) = hosting!(AtOnce);
    orch.send_many(AtOnce, 0..10).await.unwrap();
    orch.shutdown().await.unwrap();
    let batches = batches.entries();
    assert!(batches.iter().all(|batch| (1..=4).contains(&batch.len())), "{batches:?}");
    assert!(batches.iter().any(|batch| batch.len() > 1), "{batches:?}");
    assert_eq!(batches.concat(), (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn each_caller_gets_its_own_answer() {
    let (orch, batches, _) = hosting!(AtOnce);
    let answers = soon(futures_util::future::join_all((0..9).map(|number| orch.call(AtOnce, number)))).await;
    for (number, answer) in (0..).zip(answers) {
        assert_eq!(answer.unwrap(), number * 2);
    }
    assert!(batches.len() < 9);
    orch.shutdown().await.unwrap();
    assert_eq!(orch.counts(AtOnce).unwrap().succeeded, 9);
}

#[tokio::test(start_paused = true)]
async fn each_response_is_broadcast_with_its_own_id() {
    let (orch, ..) = hosting!(AtOnce);
    let mut responses = orch.responses(AtOnce);
    let ids = orch.send_many(AtOnce, 0..9).await.unwrap();
    for (number, id) in (0..).zip(ids) {
        let response = soon(responses.receive()).await.unwrap();
        assert_eq!((response.id, &response.outcome), (id, &Ok(number * 2)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_not_full_lingers() {
    let (orch, batches, _) = hosting!(Lingering);
    let begun = Instant::now();
    let mut first = Driver::new(orch.call(Lingering, 1));
    assert!(first.poll().is_pending());
    sleep(Duration::from_millis(600)).await;
    orch.send(Lingering, 2).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    assert!(batches.is_empty());
    assert!(soon(orch.call(Lingering, 3)).await.is_ok());
    assert_eq!(begun.elapsed(), Duration::from_secs(1), "it lingers from its first request on");
    assert_eq!(batches.entries(), [[1, 2, 3]]);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_does_not_linger() {
    let (orch, batches, _) = hosting!(Lingering);
    let begun = Instant::now();
    orch.send_many(Lingering, 0..3).await.unwrap();
    sleep(Duration::from_millis(200)).await;
    assert_eq!(soon(orch.call(Lingering, 3)).await.unwrap(), 3);
    assert_eq!(begun.elapsed(), Duration::from_millis(200));
    assert_eq!(batches.entries(), [[0, 1, 2, 3]]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_does_not_linger_runs_with_what_is_there() {
    let (orch, batches, _) = hosting!(AtOnce);
    let begun = Instant::now();
    assert_eq!(soon(orch.call(AtOnce, 5)).await.unwrap(), 10);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(batches.entries(), [[5]]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_lingers_runs_at_a_shutdown() {
    let (orch, batches, _) = hosting!(Lingering);
    orch.send_many(Lingering, 0..2).await.unwrap();
    let begun = Instant::now();
    orch.shutdown().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "nothing more will come");
    assert_eq!(batches.entries(), [[0, 1]]);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_fails_is_tried_again_alone() {
    let (orch, batches, _) = hosting!(Picky);
    let answers = soon(futures_util::future::join_all([2, 3, 4, 13, 6].map(|number| orch.call(Picky, number)))).await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.map_err(|error| error.to_string())).collect();
    let unlucky = "job `picky` failed at attempt 2: an unlucky number".to_owned();
    assert_eq!(answers, [Ok(2), Ok(3), Ok(4), Err(unlucky), Ok(6)]);
    let batches = batches.entries().concat();
    assert_eq!(batches.iter().filter(|number| **number == 4).count(), 1, "those that were done were not repeated");
    assert_eq!(batches.iter().filter(|number| **number == 3).count(), 2);
    orch.shutdown().await.unwrap();
    let counts = orch.counts(Picky).unwrap();
    assert_eq!((counts.attempts, counts.retried, counts.succeeded, counts.failed), (7, 2, 4, 1));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_was_sent_and_failed_is_a_dead_letter() {
    let (orch, ..) = hosting!(Picky);
    let ids = orch.send_many(Picky, [2, 13, 4]).await.unwrap();
    orch.shutdown().await.unwrap();
    let letters = orch.dead_letters(Picky).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].id, letters[0].reason.attempts), (ids[1], 2));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_waits_can_be_cancelled() {
    let (orch, batches, gate) = hosting!(Gated);
    orch.send(Gated, 0).await.unwrap();
    gate.reached_by(1).await;
    let ids = orch.send_many(Gated, 1..4).await.unwrap();
    assert!(orch.cancel(Gated, ids[1]).await);
    gate.open();
    orch.shutdown().await.unwrap();
    assert_eq!(batches.entries(), [vec![0], vec![1, 3]]);
    assert_eq!(orch.counts(Gated).unwrap().cancelled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_member_whose_time_passed_while_it_waited_is_left_out() {
    let (orch, batches, gate) = hosting!(Gated);
    orch.send(Gated, 0).await.unwrap();
    gate.reached_by(1).await;
    let error = soon(orch.call(Gated, 1).timeout("1s")).await.unwrap_err();
    assert!(matches!(error, CallError::Expired { .. }), "{error}");
    orch.send(Gated, 2).await.unwrap();
    gate.open();
    orch.shutdown().await.unwrap();
    assert_eq!(batches.entries(), [[0], [2]]);
    let counts = orch.counts(Gated).unwrap();
    assert_eq!((counts.attempts, counts.expired), (2, 1));
}

#[tokio::test]
async fn a_batch_job_runs_one_request_alone() {
    let mut batches = std::sync::Arc::new(Batches::new());
    assert_eq!(AtOnce::run(&21, &mut batches).await.unwrap(), 42);
    let all = AtOnce::run_batch(&[1, 2], &mut batches).await;
    assert_eq!(all.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(batches.entries(), [vec![21], vec![1, 2]]);
}
