//! Every receiver sees every response.

use futures_util::StreamExt;
use job_orch::channel::ReceiveError;
use job_orch::prelude::*;
use job_orch_tests::{Bare, Driver, Gate, Log, soon, within_a_minute};

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[job]
#[processor(workers = 4)]
async fn echo(number: &u64) -> Result<u64, Bare> {
    tokio::task::yield_now().await;
    if number % 10 == 3 { Err(Bare(number.to_string())) } else { Ok(*number) }
}

/// A response that cannot be copied.
struct Single(u64);

#[job]
async fn make_single(number: &u64) -> Single {
    Single(*number)
}

#[job]
#[processor(responses(capacity = 2, full = wait))]
async fn paced(number: &u64, ran: &Log<u64>) -> u64 {
    ran.push(*number);
    *number
}

#[job]
async fn wait_at(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

#[tokio::test(start_paused = true)]
async fn every_receiver_sees_every_response_with_its_id() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let receivers: Vec<_> = (0..3).map(|_| orch.responses(Double)).collect();
    let ids = orch.send_many(Double, 0..100).await.unwrap();
    orch.shutdown().await.unwrap();
    for mut receiver in receivers {
        for (number, id) in (0..).zip(&ids) {
            let response = soon(receiver.next()).await.unwrap().unwrap();
            assert_eq!((response.id, &response.outcome), (*id, &Ok(number * 2)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_sees_what_comes_after_it() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    orch.call(Double, 1).await.unwrap();
    let mut receiver = orch.responses(Double);
    orch.call(Double, 2).await.unwrap();
    assert_eq!(soon(receiver.receive()).await.unwrap().outcome, Ok(4));
}

#[tokio::test(start_paused = true)]
async fn a_call_and_the_receivers_get_the_same_response() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let mut receiver = orch.responses(Double);
    assert_eq!(orch.call(Double, 21).await.unwrap(), 42);
    assert_eq!(soon(receiver.receive()).await.unwrap().outcome, Ok(42));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_a_response_too() {
    let orch = Orchestrator::on(Memory::new()).host(Echo).start().await.unwrap();
    let mut receiver = orch.responses(Echo);
    let receipt = orch.send(Echo, 13).await.unwrap();
    let response = soon(receiver.receive()).await.unwrap();
    assert_eq!(response.id, receipt.id);
    let failure = response.outcome.as_ref().unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str(), failure.attempts), (FailureKind::Error, "13", 1));
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_response_cannot_be_copied_can_be_called() {
    let orch = Orchestrator::on(Memory::new()).host(MakeSingle).start().await.unwrap();
    assert_eq!(orch.call(MakeSingle, 7).await.unwrap().0, 7);
    orch.send(MakeSingle, 8).await.unwrap();
    orch.shutdown().await.unwrap();
    assert_eq!(orch.counts(MakeSingle).unwrap().succeeded, 2);
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_with_the_shutdown() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let receiver = orch.responses(Double);
    orch.send_many(Double, [1, 2]).await.unwrap();
    orch.shutdown().await.unwrap();
    let all: Vec<_> = soon(receiver.map(|response| response.unwrap().outcome.clone()).collect()).await;
    assert_eq!(all, [Ok(2), Ok(4)]);
    let mut late = orch.responses(Double);
    assert!(matches!(soon(late.receive()).await, Err(ReceiveError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_when_the_orchestrator_is_dropped() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let client = orch.client(Double).unwrap();
    let mut receiver = orch.responses(Double);
    orch.call(Double, 1).await.unwrap();
    drop(orch);
    assert_eq!(soon(receiver.next()).await.unwrap().unwrap().outcome, Ok(2));
    assert!(soon(receiver.next()).await.is_none());
    assert!(client.call(1).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_slow_receiver_holds_up_the_job_where_responses_wait() {
    let ran = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(ran.clone()).host(Paced).start().await.unwrap();
    let mut receiver = orch.responses(Paced);
    orch.send_many(Paced, 0..1000).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    // Its worker runs ahead of it by what it publishes at once, and no further.
    assert!(ran.len() < 500, "it went on without its receiver");
    for expected in 0..1000 {
        assert_eq!(soon(receiver.receive()).await.unwrap().outcome, Ok(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_goes_away_holds_nobody_up() {
    let ran = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(ran.clone()).host(Paced).start().await.unwrap();
    let receiver = orch.responses(Paced);
    orch.send_many(Paced, 0..10).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    drop(receiver);
    soon(orch.shutdown()).await.unwrap();
    assert_eq!(ran.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_stops_waiting_misses_nothing() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(WaitAt).start().await.unwrap();
    let mut receiver = orch.responses(WaitAt);
    orch.send(WaitAt, 5).await.unwrap();
    let mut receive = Driver::new(receiver.receive());
    assert!(receive.poll().is_pending());
    drop(receive);
    gate.open();
    assert_eq!(soon(receiver.receive()).await.unwrap().outcome, Ok(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn receivers_and_callers_on_many_threads_all_see_everything() {
    let orch = Orchestrator::on(Memory::new()).host(Echo).start().await.unwrap();
    let receivers: Vec<_> = (0..4)
        .map(|_| {
            let mut receiver = orch.responses(Echo);
            tokio::spawn(async move {
                let mut ids = Vec::new();
                while let Some(response) = receiver.next().await {
                    ids.push(response.unwrap().id);
                }
                ids.sort_unstable();
                ids
            })
        })
        .collect();
    let mut ids = orch.send_many(Echo, 0..3000).await.unwrap();
    within_a_minute(orch.shutdown()).await.unwrap();
    ids.sort_unstable();
    for receiver in receivers {
        assert_eq!(within_a_minute(receiver).await.unwrap(), ids);
    }
}
