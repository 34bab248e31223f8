//! Jobs on a store: the words of the README, on a real file.

use std::time::{Duration, Instant};

use job_orch::prelude::*;
use job_orch::{Durability, Refusal};
use job_orch_tests::{Bare, Gate, Log, cut_off, within_a_minute};

use crate::store::Place;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[job]
#[processor(workers = 4)]
async fn jam(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

#[job]
#[processor(requests(capacity = 4, full = refuse))]
async fn note(text: &String, log: &Log<String>, gate: &Gate) {
    log.push(text.clone());
    gate.pass().await;
}

#[job(retry(max = 2, backoff = constant("10ms")))]
async fn fail_until(attempt: &u32, log: &Log<u32>, #[context] context: &Context) -> Result<u32, Bare> {
    log.push(context.attempt());
    if context.attempt() >= *attempt { Ok(context.attempt()) } else { Err(Bare::of("not yet")) }
}

#[job]
async fn explode(_: &()) -> u32 {
    panic!("bang")
}

#[job]
#[processor(batch(max = 10))]
async fn sum_up(numbers: &[u64]) -> Vec<u64> {
    let sum = numbers.iter().sum();
    vec![sum; numbers.len()]
}

#[tokio::test]
async fn what_was_accepted_is_counted_also_if_its_sender_had_gone() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Double).start().await.unwrap();
    for number in 0..40 {
        // It may have been handed over to the writer, which does not ask whether anybody waits once it has begun.
        assert!(cut_off(1, orch.send(Double, number)).await.is_none());
        tokio::time::sleep(Duration::from_micros(50 * number)).await;
    }
    orch.call(Double, 21).await.unwrap();
    orch.shutdown().await.unwrap();
    let job = &orch.health().await.jobs[0];
    assert_eq!(job.accepted, job.counts.succeeded);
}

#[test]
fn who_waits_is_told_when_the_runtime_of_the_workers_is_gone() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (place, abroad) = (Place::new(), runtime());
    // Whether the workers go before it is noticed, or behind, is a matter of chance.
    for _ in 0..10 {
        let (home, gate) = (runtime(), Gate::shut());
        let store = place.open();
        let orch = home.block_on(Orchestrator::on(store).share(gate.clone()).host(Jam).start()).unwrap();
        let calls: Vec<_> = (0..8)
            .map(|number| {
                let orch = orch.clone();
                abroad.spawn(async move { orch.call(Jam, number).await })
            })
            .collect();
        home.block_on(within_a_minute(gate.reached_by(4)));
        drop(home);
        abroad.block_on(within_a_minute(async {
            for call in calls {
                let error = call.await.unwrap().unwrap_err();
                assert!(matches!(error, CallError::Closed { job: "jam" }), "{error}");
            }
        }));
    }
}

#[tokio::test]
async fn a_call_is_answered_and_its_response_kept() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Double).start().await.unwrap();
    assert_eq!(orch.call(Double, 21).await.unwrap(), 42);
    let receipt = orch.send(Double, 4).await.unwrap();
    assert_eq!((receipt.durability, receipt.is_duplicate), (Durability::PowerLoss, false));
    let response = within_a_minute(async {
        loop {
            if let Some(response) = orch.response(Double, receipt.id).await.unwrap() {
                return response;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    assert_eq!(response.await.outcome, Ok(8));
    assert_eq!(orch.response(Double, JobId::new()).await.unwrap().map(|response| response.id), None);
    orch.shutdown().await.unwrap();
    let results = place.rows("SELECT job, outcome, response FROM results ORDER BY position");
    assert_eq!(results.len(), 2);
    assert_eq!(results[0], ["double", "succeeded", "42"].map(str::to_owned));
    assert_eq!(place.number("SELECT count(*) FROM jobs"), 0, "what has ended is no request any more");
}

#[tokio::test]
async fn many_calls_at_once_are_each_answered_with_their_own() {
    let place = Place::new();
    let serving = Double::SERVING.workers(16);
    let orch = Orchestrator::on(place.open()).host_with(Double, serving).start().await.unwrap();
    let calls: Vec<_> = (0..500)
        .map(|number| {
            let orch = orch.clone();
            tokio::spawn(async move { (number, orch.call(Double, number).await.unwrap()) })
        })
        .collect();
    for call in calls {
        let (number, answer) = within_a_minute(call).await.unwrap();
        assert_eq!(answer, number * 2);
    }
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_failed_attempt_comes_again_and_the_last_failure_is_a_dead_letter() {
    let (place, log) = (Place::new(), Log::new());
    let orch = Orchestrator::on(place.open()).share(log.clone()).host(FailUntil).start().await.unwrap();
    assert_eq!(within_a_minute(orch.call(FailUntil, 3)).await.unwrap(), 3);
    let error = within_a_minute(orch.call(FailUntil, 9)).await.unwrap_err();
    assert!(matches!(&error, CallError::Failed { attempts: 3, .. }), "{error}");
    assert!(orch.dead_letters(FailUntil).await.unwrap().is_empty(), "its caller knows");
    let mut responses = orch.responses(FailUntil);
    let receipt = orch.send(FailUntil, 9).await.unwrap();
    let response = within_a_minute(responses.receive()).await.unwrap();
    assert_eq!((response.id, response.outcome.as_ref().unwrap_err().attempts), (receipt.id, 3));
    let dead = orch.dead_letters(FailUntil).await.unwrap();
    assert_eq!((dead.len(), dead[0].id, dead[0].reason.message.as_str()), (1, receipt.id, "not yet"));
    assert_eq!(log.entries(), [1, 2, 3, 1, 2, 3, 1, 2, 3]);
    let row = place.rows("SELECT state, attempts, request, json_extract(failure, '$.message') FROM jobs");
    assert_eq!(row, [["dead", "3", "9", "not yet"].map(str::to_owned)]);
    assert!(orch.redrive(FailUntil, receipt.id).await.unwrap(), "it is sent again");
    within_a_minute(responses.receive()).await.unwrap();
    assert!(orch.drop_dead_letter(FailUntil, receipt.id).await.unwrap(), "it is dead again");
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_panic_is_a_failure() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Explode).start().await.unwrap();
    let error = within_a_minute(orch.call(Explode, ())).await.unwrap_err();
    assert!(matches!(&error, CallError::Panicked { message, .. } if message == "bang"), "{error}");
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn delay_priority_and_unique_are_kept() {
    let (place, log, gate) = (Place::new(), Log::new(), Gate::shut());
    let orch = Orchestrator::on(place.open()).share(log.clone()).share(gate.clone()).host(Note).start().await.unwrap();
    orch.send(Note, "first".to_owned()).await.unwrap();
    gate.reached_by(1).await;
    let begun = Instant::now();
    orch.send(Note, "late".to_owned()).after("2s").await.unwrap();
    orch.send(Note, "low".to_owned()).priority(-1).await.unwrap();
    let key = orch.send(Note, "high".to_owned()).priority(7).unique("key").await.unwrap();
    let again = orch.send(Note, "again".to_owned()).unique("key").await.unwrap();
    assert_eq!((again.is_duplicate, again.id), (true, key.id));
    orch.send(Note, "usual".to_owned()).await.unwrap();
    let full = orch.send(Note, "more".to_owned()).await.unwrap_err();
    assert!(matches!(full.reason(), Refusal::Full), "{full}");
    assert_eq!(place.rows("SELECT 1 FROM jobs").len(), 5);
    gate.open();
    within_a_minute(gate.reached_by(5)).await;
    assert!(begun.elapsed() >= Duration::from_secs(2));
    assert_eq!(log.entries(), ["first", "high", "usual", "low", "late"]);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_request_that_waits_or_runs_can_be_cancelled() {
    let (place, log, gate) = (Place::new(), Log::new(), Gate::shut());
    let orch = Orchestrator::on(place.open()).share(log.clone()).share(gate.clone()).host(Note).start().await.unwrap();
    let mut responses = orch.responses(Note);
    let running = orch.send(Note, "runs".to_owned()).await.unwrap();
    gate.reached_by(1).await;
    let waiting = orch.send(Note, "waits".to_owned()).await.unwrap();
    assert!(orch.cancel(Note, waiting.id).await && orch.cancel(Note, running.id).await);
    for _ in 0..2 {
        let response = within_a_minute(responses.receive()).await.unwrap();
        assert_eq!(response.outcome.as_ref().unwrap_err().kind, FailureKind::Cancelled);
    }
    assert_eq!(place.number("SELECT count(*) FROM jobs"), 0);
    orch.shutdown().await.unwrap();
    assert_eq!(log.entries(), ["runs"]);
}

#[tokio::test]
async fn a_batch_runs_at_once_and_each_is_answered() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(SumUp).start().await.unwrap();
    let calls: Vec<_> = (0..20).map(|number| orch.call(SumUp, number)).collect();
    let answers = within_a_minute(futures_util::future::join_all(calls)).await;
    assert_eq!(answers.len(), 20);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    orch.shutdown().await.unwrap();
}
