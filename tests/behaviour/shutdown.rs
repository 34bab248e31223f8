//! A shutdown accepts nothing more and handles what was accepted.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Bare, Driver, Gate, Log, settle, soon, within_a_minute};
use tokio::time::Instant;

#[job]
async fn slow(number: &u64, ran: &Log<u64>) -> u64 {
    tokio::time::sleep(Duration::from_secs(1)).await;
    ran.push(*number);
    *number
}

#[job(retry(max = 3, backoff = "2s", jitter = 0))]
async fn stubborn(good: &u32, #[context] context: &Context) -> Result<u32, Bare> {
    if context.attempt() < *good { Err(Bare::of("not yet")) } else { Ok(context.attempt()) }
}

#[job]
async fn wait_at(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

#[job]
#[processor(requests = 1)]
async fn jam(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

#[job]
#[processor(workers = 4)]
async fn quick(number: &u64) -> u64 {
    tokio::task::yield_now().await;
    *number
}

async fn at_the_gate() -> (Orchestrator<Memory>, Gate) {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(WaitAt).host(Jam).start().await.unwrap();
    (orch, gate)
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_handled_first() {
    let ran = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(ran.clone()).host(Slow).start().await.unwrap();
    orch.send_many(Slow, 0..5).await.unwrap();
    orch.shutdown().await.unwrap();
    assert_eq!(ran.entries(), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_retry_is_handled_first() {
    let orch = Orchestrator::on(Memory::new()).host(Stubborn).start().await.unwrap();
    let mut call = Driver::new(orch.call(Stubborn, 3));
    assert!(call.poll().is_pending());
    orch.shutdown().await.unwrap();
    let std::task::Poll::Ready(answer) = call.poll() else { panic!("the caller was forgotten") };
    assert_eq!(answer.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_delayed_is_handled_first() {
    let ran = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(ran.clone()).host(Slow).start().await.unwrap();
    orch.send(Slow, 7).after("10s").await.unwrap();
    orch.shutdown().await.unwrap();
    assert_eq!(ran.entries(), [7]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_accepted_once_it_has_begun() {
    let (orch, gate) = at_the_gate().await;
    orch.send(WaitAt, 1).await.unwrap();
    gate.reached_by(1).await;
    let mut shutdown = Driver::new(orch.shutdown());
    assert!(shutdown.poll().is_pending());
    assert!(matches!(orch.send(WaitAt, 2).await.unwrap_err().reason(), job_orch::Refusal::Closed));
    assert!(matches!(orch.call(WaitAt, 2).await, Err(CallError::Closed { .. })));
    gate.open();
    settle().await;
    assert!(matches!(shutdown.poll(), std::task::Poll::Ready(Ok(()))));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_room_is_told_closed() {
    let (orch, gate) = at_the_gate().await;
    orch.send(Jam, 0).await.unwrap();
    gate.reached_by(1).await;
    orch.send(Jam, 1).await.unwrap();
    let mut send = Driver::new(orch.send(Jam, 2));
    let mut call = Driver::new(orch.call(Jam, 3));
    assert!(send.poll().is_pending() && call.poll().is_pending());
    gate.open();
    let mut shutdown = Driver::new(orch.shutdown());
    assert!(shutdown.poll().is_pending());
    assert_eq!((send.woken(), call.woken()), (1, 1));
    let std::task::Poll::Ready(Err(refused)) = send.poll() else { panic!("accepted after the shutdown") };
    assert_eq!(refused.into_request(), 2);
    assert!(matches!(call.poll(), std::task::Poll::Ready(Err(CallError::Closed { .. }))));
}

#[tokio::test(start_paused = true)]
async fn a_second_shutdown_finds_nothing_to_do() {
    let (orch, _) = at_the_gate().await;
    orch.shutdown().await.unwrap();
    soon(orch.shutdown()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_beside_another_waits_for_it() {
    let ran = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(ran.clone()).host(Slow).start().await.unwrap();
    orch.send_many(Slow, 0..3).await.unwrap();
    let begun = Instant::now();
    let (first, second) = soon(async { tokio::join!(orch.shutdown(), orch.shutdown()) }).await;
    first.unwrap();
    second.unwrap();
    assert_eq!((begun.elapsed(), ran.len()), (Duration::from_secs(3), 3));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_dropped_half_way_can_be_finished() {
    let ran = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(ran.clone()).host(Slow).start().await.unwrap();
    orch.send_many(Slow, 0..3).await.unwrap();
    let begun = Instant::now();
    assert!(tokio::time::timeout(Duration::from_millis(1500), orch.shutdown()).await.is_err());
    assert!(orch.send(Slow, 3).await.is_err(), "it has stopped accepting");
    soon(orch.shutdown()).await.unwrap();
    assert_eq!((begun.elapsed(), ran.len()), (Duration::from_secs(3), 3));
}

#[tokio::test(start_paused = true)]
async fn every_clone_is_shut_down() {
    let (orch, _) = at_the_gate().await;
    let clone = orch.clone();
    orch.shutdown().await.unwrap();
    assert!(matches!(clone.call(WaitAt, 1).await, Err(CallError::Closed { .. })));
    assert!(!clone.health().await.is_healthy());
}

#[tokio::test(start_paused = true)]
async fn an_orchestrator_dropped_without_a_shutdown_tells_its_callers() {
    let (orch, gate) = at_the_gate().await;
    let client = orch.client(WaitAt).unwrap();
    let mut running = Driver::new(client.call(1));
    assert!(running.poll().is_pending());
    gate.reached_by(1).await;
    let mut waiting = Driver::new(client.call(2));
    assert!(waiting.poll().is_pending());
    drop(orch);
    settle().await;
    assert!(matches!(running.poll(), std::task::Poll::Ready(Err(CallError::Closed { .. }))));
    assert!(matches!(waiting.poll(), std::task::Poll::Ready(Err(CallError::Closed { .. }))));
    assert!(matches!(client.call(3).await, Err(CallError::Closed { .. })));
}

#[tokio::test(start_paused = true)]
async fn an_orchestrator_lives_as_long_as_one_clone() {
    let (orch, gate) = at_the_gate().await;
    let clone = orch.clone();
    drop(orch);
    gate.open();
    assert_eq!(soon(clone.call(WaitAt, 1)).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_orchestrator_without_jobs_shuts_down() {
    let orch = Orchestrator::on(Memory::new()).start().await.unwrap();
    soon(orch.shutdown()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_was_accepted_beside_a_shutdown_is_answered() {
    for _ in 0..50 {
        let orch = Orchestrator::on(Memory::new()).host(Quick).start().await.unwrap();
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let orch = orch.clone();
                tokio::spawn(async move {
                    let mut answered = 0;
                    loop {
                        match orch.call(Quick, 1).await {
                            Ok(_) => answered += 1,
                            Err(CallError::Closed { .. }) => return answered,
                            Err(other) => panic!("{other}"),
                        }
                    }
                })
            })
            .collect();
        within_a_minute(orch.call(Quick, 1)).await.unwrap();
        within_a_minute(orch.shutdown()).await.unwrap();
        let mut answered = 1;
        for caller in callers {
            answered += within_a_minute(caller).await.unwrap();
        }
        assert_eq!(orch.health().await.jobs[0].accepted, answered);
        assert_eq!(orch.counts(Quick).unwrap().succeeded, answered);
    }
}
