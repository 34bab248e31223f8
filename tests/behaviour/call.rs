//! A caller always gets an end.

use std::error::Error as _;

use job_orch::channel::MpSend;
use job_orch::prelude::*;
use job_orch_tests::{Bare, Driver, Gate, Log, soon, within_a_minute};

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[job]
async fn refuse(text: &String) -> Result<u64, Bare> {
    Err(Bare(text.clone()))
}

#[job]
#[processor(requests(capacity = 1, full = wait))]
async fn queue_up(number: &u64, gate: &Gate, ran: &Log<u64>) -> u64 {
    gate.pass().await;
    ran.push(*number);
    *number
}

#[job]
#[processor(requests(capacity = 1, full = refuse))]
async fn turn_away(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

#[job]
#[processor(workers = 4)]
async fn echo(number: &u64) -> u64 {
    tokio::task::yield_now().await;
    *number
}

#[tokio::test]
async fn a_call_returns_the_response() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let answer: u64 = orch.call(Double, 21).await.unwrap();
    assert_eq!(answer, 42);
}

#[tokio::test]
async fn a_call_of_a_job_that_fails_returns_its_own_error() {
    let orch = Orchestrator::on(Memory::new()).host(Refuse).start().await.unwrap();
    let error = orch.call(Refuse, "too late".to_owned()).await.unwrap_err();
    assert_eq!(error.to_string(), "job `refuse` failed at attempt 1: too late");
    assert!(error.source().is_none(), "its text is in ours");
    let CallError::Failed { job, error, attempts } = error else { panic!("{error}") };
    assert_eq!((job, error.0.as_str(), attempts), ("refuse", "too late", 1));
}

#[tokio::test]
async fn a_call_of_a_job_that_is_not_hosted_says_so() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let error = orch.call(Refuse, String::new()).await.unwrap_err();
    assert!(matches!(error, CallError::NotHosted { job: "refuse" }), "{error}");
    assert!(error.to_string().contains("`refuse`"));
}

#[tokio::test]
async fn a_call_after_the_shutdown_is_told_closed() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    orch.shutdown().await.unwrap();
    let error = orch.call(Double, 1).await.unwrap_err();
    assert!(matches!(error, CallError::Closed { job: "double" }), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_while_the_channel_is_full() {
    let (gate, ran) = (Gate::shut(), Log::new());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(ran.clone()).host(QueueUp);
    let orch = orch.start().await.unwrap();
    let calls = futures_util::future::join_all((0..5).map(|number| orch.call(QueueUp, number)));
    let open = async {
        gate.reached_by(1).await;
        assert!(ran.is_empty());
        gate.open();
    };
    let (answers, ()) = soon(async { tokio::join!(calls, open) }).await;
    assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(ran.entries(), [0, 1, 2, 3, 4], "who waits longer goes first");
}

#[tokio::test(start_paused = true)]
async fn a_call_is_refused_by_a_full_channel_that_refuses() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(TurnAway).start().await.unwrap();
    orch.send(TurnAway, 1).await.unwrap();
    gate.reached_by(1).await;
    orch.send(TurnAway, 2).await.unwrap();
    let error = orch.call(TurnAway, 3).await.unwrap_err();
    assert!(matches!(error, CallError::Full { job: "turn_away" }), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_call_may_ask_not_to_wait_for_room() {
    let (gate, ran) = (Gate::shut(), Log::new());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(ran.clone()).host(QueueUp);
    let orch = orch.start().await.unwrap();
    orch.send(QueueUp, 1).await.unwrap();
    gate.reached_by(1).await;
    orch.send(QueueUp, 2).await.unwrap();
    let error = soon(orch.call(QueueUp, 3).refuse_if_full()).await.unwrap_err();
    assert!(matches!(error, CallError::Full { job: "queue_up" }), "{error}");
}

#[tokio::test]
async fn a_call_with_a_time_that_is_none_sends_nothing() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let error = orch.call(Double, 1).timeout("soon").await.unwrap_err();
    assert!(error.source().unwrap().is::<job_orch::InvalidSpan>(), "{error}");
    assert!(matches!(error, CallError::InvalidSpan { job: "double", .. }), "{error}");
    assert!(error.to_string().contains(r#""soon"; write for example"#), "{error}");
    assert!(!error.is_retryable(), "it is no better the next time");
    assert_eq!(orch.health().await.jobs[0].accepted, 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_its_request_to_run() {
    let (gate, ran) = (Gate::shut(), Log::new());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(ran.clone()).host(QueueUp);
    let orch = orch.start().await.unwrap();
    let mut responses = orch.responses(QueueUp);
    let mut call = Driver::new(orch.call(QueueUp, 7));
    assert!(call.poll().is_pending());
    gate.reached_by(1).await;
    drop(call);
    gate.open();
    assert_eq!(soon(responses.receive()).await.unwrap().outcome, Ok(7));
    assert_eq!(ran.entries(), [7]);
}

#[tokio::test]
async fn a_call_that_is_not_awaited_sends_nothing() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    drop(orch.call(Double, 1));
    assert_eq!(orch.health().await.jobs[0].accepted, 0);
}

#[tokio::test]
async fn a_request_taken_out_of_its_channel_ends_its_call() {
    use job_orch::channel::{Channels, McReceive};
    use job_orch::engine::memory::MemoryChannels;

    // Whoever drops an envelope tells its caller: no engine can forget to.
    let channels = MemoryChannels::<Double>::new(&Double::SERVING);
    let mut receiver = channels.request_receiver();
    channels.request_sender().try_send(job_orch::channel::Envelope::new(1)).unwrap();
    let delivery = receiver.receive().await.unwrap();
    assert!(!job_orch::channel::Delivery::message(&delivery).has_caller());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_callers_each_get_their_own_answer() {
    let orch = Orchestrator::on(Memory::new()).host(Echo).start().await.unwrap();
    let calls: Vec<_> = (0..1000)
        .map(|number| {
            let orch = orch.clone();
            tokio::spawn(async move { (number, orch.call(Echo, number).await.unwrap()) })
        })
        .collect();
    for call in calls {
        let (asked, answered) = within_a_minute(call).await.unwrap();
        assert_eq!(asked, answered);
    }
    assert_eq!(orch.counts(Echo).unwrap().succeeded, 1000);
}
