//! A job that ends its run for now, on both engines.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch::testing::{Backing, Kit, Rig};
use job_orch_tests::{Bare, Log};

on_all! {
    a_snoozed_request_comes_again_and_costs_no_attempt
    a_snoozed_request_holds_no_worker
    a_caller_waits_for_a_snoozed_request
    a_snooze_that_is_not_awaited_to_its_end_is_none
    attempts_are_counted_over_snoozes
    the_deadline_of_a_snoozed_call_holds
    a_request_that_snoozes_beyond_its_deadline_ends_with_it
    a_snoozed_request_that_is_unique_stays_so
    what_a_snoozed_run_holds_is_dropped
}

const HOUR: Duration = Duration::from_secs(3600);

/// Snoozes the first `number / 10` times, fails if it ends in 3.
#[job(retry(max = 1, backoff = constant("1s")))]
async fn nap(number: &u64, log: &Log<u32>, #[context] context: &Context) -> Result<u64, Bare> {
    log.push(context.attempt());
    if log.len() as u64 <= number / 10 {
        context.snooze(HOUR).await;
    }
    if number % 10 == 3 { Err(Bare::of("three")) } else { Ok(*number) }
}

#[job]
async fn quick(number: &u64) -> u64 {
    *number
}

async fn started(backing: Backing) -> (Kit, Orchestrator<Rig>, Log<u32>) {
    let (kit, log) = (Kit::on(backing).unwrap(), Log::new());
    let orch = Orchestrator::on(kit.engine()).share(log.clone()).host(Nap).host(Quick).start().await.unwrap();
    (kit, orch, log)
}

async fn a_snoozed_request_comes_again_and_costs_no_attempt(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    orch.send(Nap, 50).await.unwrap();
    for _ in 0..5 {
        assert_eq!(kit.drain().await.unwrap(), 1);
        assert_eq!(kit.drain().await.unwrap(), 0, "it is not due");
        kit.advance(HOUR + Duration::from_millis(2)).await;
    }
    assert_eq!(kit.drain().await.unwrap(), 1);
    assert_eq!(log.entries(), [1; 6]);
    let counts = orch.counts(Nap).unwrap();
    assert_eq!((counts.snoozed, counts.succeeded, counts.retried), (5, 1, 0));
    orch.shutdown().await.unwrap();
}

async fn a_snoozed_request_holds_no_worker(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    orch.send(Nap, 10).await.unwrap();
    orch.send(Nap, 1).await.unwrap();
    assert_eq!(kit.drain().await.unwrap(), 2);
    assert_eq!(log.entries(), [1, 1], "there is one worker, and it went on");
    assert_eq!(kit.queued(Nap), [10]);
    kit.advance(HOUR * 2).await;
    kit.drain().await.unwrap();
    orch.shutdown().await.unwrap();
}

async fn a_caller_waits_for_a_snoozed_request(backing: Backing) {
    let (kit, orch, _) = started(backing).await;
    kit.run_freely();
    assert_eq!(orch.call(Nap, 20).await.unwrap(), 20);
    assert_eq!(orch.counts(Nap).unwrap().snoozed, 2);
    orch.shutdown().await.unwrap();
}

async fn nap_on(context: &Context) {
    context.snooze(HOUR).await;
}

#[job]
async fn hasty(_: &(), #[context] context: &Context) -> u64 {
    tokio::select! {
        biased;
        () = nap_on(context) => 1,
        () = std::future::ready(()) => {
            // It is dropped: this is a wait as any other.
            tokio::time::sleep(Duration::from_secs(1)).await;
            2
        }
    }
}

async fn a_snooze_that_is_not_awaited_to_its_end_is_none(backing: Backing) {
    let kit = Kit::on(backing).unwrap();
    let orch = Orchestrator::on(kit.engine()).host(Hasty).start().await.unwrap();
    kit.run_freely();
    assert_eq!(orch.call(Hasty, ()).await.unwrap(), 2);
    assert_eq!(orch.counts(Hasty).unwrap().snoozed, 0);
    orch.shutdown().await.unwrap();
}

async fn attempts_are_counted_over_snoozes(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    kit.run_freely();
    let error = orch.call(Nap, 13).await.unwrap_err();
    assert!(matches!(error, CallError::Failed { attempts: 2, .. }), "{error}");
    assert_eq!(log.entries(), [1, 1, 2]);
    orch.shutdown().await.unwrap();
}

async fn the_deadline_of_a_snoozed_call_holds(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    kit.run_freely();
    let error = orch.call(Nap, 10).timeout("10m").await.unwrap_err();
    assert!(matches!(error, CallError::Expired { .. }), "{error}");
    assert_eq!(log.entries(), [1]);
    // In memory it lies there until its time has come, and is not handled then.
    kit.advance(HOUR * 2).await;
    orch.shutdown().await.unwrap();
    assert_eq!(log.entries(), [1]);
}

async fn a_request_that_snoozes_beyond_its_deadline_ends_with_it(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    kit.run_freely();
    orch.call(Nap, 10).timeout("10m").await.unwrap_err();
    kit.advance(Duration::from_secs(601)).await;
    while orch.counts(Nap).unwrap().expired == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(orch.client(Nap).unwrap().waiting().await.unwrap(), 0, "it takes no room until its snooze is over");
    orch.shutdown().await.unwrap();
    assert_eq!(log.entries(), [1]);
}

async fn a_snoozed_request_that_is_unique_stays_so(backing: Backing) {
    let (kit, orch, _) = started(backing).await;
    let first = orch.send(Nap, 10).unique("nap").await.unwrap();
    assert!(!first.is_duplicate);
    kit.drain().await.unwrap();
    let second = orch.send(Nap, 10).unique("nap").await.unwrap();
    assert_eq!((second.id, second.is_duplicate), (first.id, true));
    kit.advance(HOUR * 2).await;
    kit.drain().await.unwrap();
    assert!(!orch.send(Nap, 10).unique("nap").await.unwrap().is_duplicate, "it has ended");
    orch.shutdown().await.unwrap();
}

struct Guard<'a>(&'a Log<u32>);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.push(99);
    }
}

#[job]
async fn holds(_: &(), log: &Log<u32>, #[context] context: &Context) {
    let _guard = Guard(log);
    if log.is_empty() {
        context.snooze(HOUR).await;
    }
}

async fn what_a_snoozed_run_holds_is_dropped(backing: Backing) {
    let (kit, log) = (Kit::on(backing).unwrap(), Log::new());
    let orch = Orchestrator::on(kit.engine()).share(log.clone()).host(Holds).start().await.unwrap();
    orch.send(Holds, ()).await.unwrap();
    kit.drain().await.unwrap();
    assert_eq!(log.entries(), [99]);
    kit.advance(HOUR * 2).await;
    kit.drain().await.unwrap();
    assert_eq!(log.entries(), [99, 99]);
    orch.shutdown().await.unwrap();
}
