//! Jobs under test, one step at a time.

use std::sync::{Arc, OnceLock};

use job_orch::prelude::*;
use job_orch::testing::history::{Promises, Rejected};
use job_orch::testing::{Backing, Kit, Point, Stuck};
use job_orch_tests::{Bare, Log};

type Orch = Orchestrator<job_orch::testing::Rig>;

on_all! {
    what_is_sent_waits_until_it_is_let_through
    one_request_runs_at_a_time
    children_are_drained_with_their_parents
    a_delayed_request_runs_when_its_time_has_come
    a_failed_attempt_comes_again_after_its_backoff
    a_refused_request_is_handed_back
    an_accepted_request_whose_answer_is_lost_runs
    an_end_that_cannot_be_recorded_at_once_is_recorded_later
    a_lost_lease_makes_it_run_again
    a_failing_engine_keeps_no_request_from_its_worker
    whoever_calls_is_answered_and_the_history_is_accepted
    a_job_without_workers_is_told
    a_dead_letter_is_kept_and_redriven
}

#[job(retry(max = 1, backoff = constant("1m")))]
async fn note(number: &u64, log: &Log<u64>, #[context] context: &Context) -> Result<u64, Bare> {
    log.push(*number);
    if *number == 13 && context.attempt() == 1 { Err(Bare::of("unlucky")) } else { Ok(number * 2) }
}

#[job]
async fn fail(_: &(), log: &Log<u64>) -> Result<(), Bare> {
    log.push(0);
    Err(Bare::of("always"))
}

async fn started(backing: Backing) -> (Kit, Orch, Log<u64>) {
    let (kit, log) = (Kit::on(backing).unwrap(), Log::new());
    let orch = Orchestrator::on(kit.engine()).share(log.clone()).host(Note).host(Fail).start().await.unwrap();
    (kit, orch, log)
}

async fn what_is_sent_waits_until_it_is_let_through(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    orch.send_many(Note, [1, 2, 3]).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
    assert_eq!((kit.queued(Note), log.entries()), (vec![1, 2, 3], vec![]));
    assert_eq!(kit.drain().await, Ok(3));
    assert_eq!((kit.queued(Note), log.entries()), (vec![], vec![1, 2, 3]));
    assert_eq!(kit.drain().await, Ok(0));
    orch.shutdown().await.unwrap();
}

async fn one_request_runs_at_a_time(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    orch.send_many(Note, [1, 2]).await.unwrap();
    assert_eq!(kit.run_one(Fail).await, Ok(false), "another job");
    assert_eq!(kit.run_one(Note).await, Ok(true));
    assert_eq!((kit.queued(Note), log.entries()), (vec![2], vec![1]));
    assert_eq!(kit.run_one(Note).await, Ok(true));
    assert_eq!(kit.run_one(Note).await, Ok(false));
    orch.shutdown().await.unwrap();
}

/// Sends one less, as long as there is any.
#[job]
async fn count_down(number: &u64, log: &Log<u64>, own: &Arc<OnceLock<Orch>>) {
    log.push(*number);
    if *number > 0 {
        own.get().unwrap().send(CountDown, number - 1).await.unwrap();
    }
}

async fn children_are_drained_with_their_parents(backing: Backing) {
    let (kit, log, own) = (Kit::on(backing).unwrap(), Log::new(), Arc::new(OnceLock::new()));
    let assembly = Orchestrator::on(kit.engine()).share(log.clone()).share(Arc::clone(&own));
    let orch = assembly.host(CountDown).start().await.unwrap();
    own.set(orch.clone()).unwrap();
    orch.send(CountDown, 3).await.unwrap();
    assert_eq!(kit.drain().await, Ok(4));
    assert_eq!(log.entries(), [3, 2, 1, 0]);
    orch.shutdown().await.unwrap();
}

async fn a_delayed_request_runs_when_its_time_has_come(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    orch.send(Note, 1).after("1h").await.unwrap();
    orch.send(Note, 2).await.unwrap();
    assert_eq!(kit.queued(Note), [1, 2], "the delayed one is queued");
    assert_eq!(kit.drain().await, Ok(1));
    kit.advance("59m").await;
    assert_eq!(kit.drain().await, Ok(0));
    kit.advance("1m").await;
    assert_eq!((kit.drain().await, log.entries()), (Ok(1), vec![2, 1]));
    orch.shutdown().await.unwrap();
}

async fn a_failed_attempt_comes_again_after_its_backoff(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    orch.send(Note, 13).await.unwrap();
    assert_eq!((kit.drain().await, kit.queued(Note)), (Ok(1), vec![13]));
    kit.advance("2m").await;
    assert_eq!((kit.drain().await, log.entries()), (Ok(1), vec![13, 13]));
    assert_eq!(orch.counts(Note).unwrap().succeeded, 1);
    orch.shutdown().await.unwrap();
}

async fn a_refused_request_is_handed_back(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    kit.inject(Note, Point::Send, 1);
    let refused = orch.send(Note, 1).await.unwrap_err();
    assert!(refused.is_retryable());
    assert!(kit.queued(Note).is_empty());
    orch.send(Note, refused.into_request()).await.unwrap();
    assert_eq!((kit.drain().await, log.entries()), (Ok(1), vec![1]));
    orch.shutdown().await.unwrap();
}

async fn an_accepted_request_whose_answer_is_lost_runs(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    kit.inject(Note, Point::Accepted, 1);
    assert_eq!(orch.send(Note, 1).await.unwrap_err().into_request(), 1);
    assert_eq!((kit.drain().await, log.entries()), (Ok(1), vec![1]), "nobody knows, and it is there");
    orch.shutdown().await.unwrap();
}

async fn an_end_that_cannot_be_recorded_at_once_is_recorded_later(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    kit.inject(Note, Point::Record, 3);
    orch.send(Note, 1).await.unwrap();
    assert_eq!((kit.drain().await, log.entries()), (Ok(1), vec![1]), "the job ran once");
    assert_eq!(orch.counts(Note).unwrap().succeeded, 1);
    orch.shutdown().await.unwrap();
}

async fn a_lost_lease_makes_it_run_again(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    kit.inject(Note, Point::Lease, 1);
    orch.send(Note, 1).await.unwrap();
    assert_eq!((kit.drain().await, log.entries()), (Ok(2), vec![1, 1]));
    let counts = orch.counts(Note).unwrap();
    assert_eq!((counts.succeeded, counts.unsettled), (1, 1), "the first could record nothing");
    orch.shutdown().await.unwrap();
}

async fn a_failing_engine_keeps_no_request_from_its_worker(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    kit.inject(Note, Point::Receive, 2);
    orch.send(Note, 1).await.unwrap();
    assert_eq!((kit.drain().await, log.entries()), (Ok(1), vec![1]));
    orch.shutdown().await.unwrap();
}

async fn whoever_calls_is_answered_and_the_history_is_accepted(backing: Backing) {
    let (kit, orch, _log) = started(backing).await;
    kit.run_freely();
    assert_eq!(orch.call(Note, 21).await.unwrap(), 42);
    assert_eq!(orch.call(Note, 13).await.unwrap(), 26, "its second attempt");
    orch.shutdown().await.unwrap();
    let words: Vec<&str> = kit.history().entries().iter().map(|entry| entry.event.word()).collect();
    assert_eq!(words[..7], ["began", "began", "sent", "accepted", "started", "finished", "recorded"]);
    // A kit drains as its test says; so nothing is broken, but the history has no end.
    assert!(matches!(kit.history().check(&Promises::new()), Err(Rejected::Dull(missing)) if missing.len() == 1));
}

async fn a_job_without_workers_is_told(backing: Backing) {
    let (kit, log) = (Kit::on(backing).unwrap(), Log::<u64>::new());
    let orch = Orchestrator::on(kit.engine()).share(log).host(Note).start().await.unwrap();
    orch.send(Note, 1).await.unwrap();
    let sender = orch.client(Note).unwrap();
    orch.shutdown().await.unwrap();
    drop(sender);
    let left = match backing {
        Backing::Sqlite => Err(Stuck),
        // A shutdown in memory runs what waits: nobody else could.
        _ => Ok(false),
    };
    assert_eq!(kit.run_one(Note).await, left);
}

async fn a_dead_letter_is_kept_and_redriven(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    let receipt = orch.send(Fail, ()).await.unwrap();
    assert_eq!(kit.drain().await, Ok(1));
    assert_eq!(orch.dead_letters(Fail).await.unwrap()[0].id, receipt.id);
    assert!(orch.redrive(Fail, receipt.id).await.unwrap());
    kit.run_freely();
    while log.len() < 2 {
        tokio::task::yield_now().await;
    }
    orch.shutdown().await.unwrap();
}
