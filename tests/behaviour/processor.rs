//! A processor without an orchestrator: the shape the project grew from.

use job_orch::channel::{Envelope, McReceive, MpSend, ReceiveError};
use job_orch::engine::memory::MemoryChannels;
use job_orch::prelude::*;
use job_orch::processor::{JobProcessor, Processor};
use job_orch_tests::{Bare, Driver, Gate, soon};

#[job]
async fn add(number: &u64, sum: &mut u64) -> Result<u64, Bare> {
    *sum += number;
    if *number == 13 { Err(Bare::of("an unlucky number")) } else { Ok(*sum) }
}

#[job]
async fn wait_at(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

fn adding() -> JobProcessor<Add, MemoryChannels<Add>> {
    JobProcessor::new(Add, MemoryChannels::new(&Add::SERVING))
}

#[tokio::test]
async fn a_processor_runs_until_every_sender_is_gone() {
    let processor = adding();
    let requests = processor.request_sender();
    let mut responses = processor.response_receiver();
    let worker = tokio::spawn(async move {
        let mut sum = 100;
        processor.run(&mut sum).await;
        sum
    });
    for number in [1, 2, 13] {
        requests.send(Envelope::new(number)).await.unwrap();
    }
    assert_eq!(responses.receive().await.unwrap().outcome, Ok(101));
    assert_eq!(responses.receive().await.unwrap().outcome, Ok(103));
    assert_eq!(responses.receive().await.unwrap().outcome.clone().unwrap_err().message, "an unlucky number");
    drop(requests);
    assert_eq!(soon(worker).await.unwrap(), 116);
    assert!(matches!(responses.receive().await, Err(ReceiveError::Closed)), "the broadcast ends with its processor");
}

#[tokio::test]
async fn clones_of_a_processor_share_its_requests() {
    let processor = JobProcessor::new(WaitAt, MemoryChannels::new(&WaitAt::SERVING));
    let (requests, gate) = (processor.request_sender(), Gate::shut());
    let counting = processor.clone();
    let clones = [processor.clone(), processor].map(|processor| {
        let mut shared = std::sync::Arc::new(gate.clone());
        tokio::spawn(async move { processor.run(&mut shared).await })
    });
    for number in 0..2 {
        requests.send(Envelope::new(number)).await.unwrap();
    }
    gate.reached_by(2).await;
    gate.open();
    requests.close();
    for clone in clones {
        soon(clone).await.unwrap();
    }
    assert_eq!(counting.counts().succeeded, 2);
}

#[tokio::test]
async fn a_processor_that_is_dropped_returns_what_it_ran() {
    let processor = JobProcessor::new(WaitAt, MemoryChannels::new(&WaitAt::SERVING));
    let requests = processor.request_sender();
    let mut responses = processor.response_receiver();
    let gate = Gate::shut();
    let mut shared = std::sync::Arc::new(gate.clone());
    let other = processor.clone();
    let mut run = Driver::new(processor.run(&mut shared));
    requests.send(Envelope::new(7)).await.unwrap();
    assert!(run.poll().is_pending());
    assert_eq!((gate.arrived(), requests.waiting()), (1, 0));
    drop(run);
    assert_eq!(requests.waiting(), 1);
    gate.open();
    requests.close();
    soon(other.run(&mut shared)).await;
    assert_eq!(responses.receive().await.unwrap().outcome, Ok(7));
}

#[tokio::test]
async fn what_a_dropped_processor_had_not_published_is_told_as_lag() {
    // One place for a response, and a receiver that takes none: the second response cannot go out.
    let serving = WaitAt::SERVING.responses(1);
    let processor = JobProcessor::new(WaitAt, MemoryChannels::new(&serving));
    let requests = processor.request_sender();
    let mut responses = processor.response_receiver();
    let gate = Gate::shut();
    gate.open();
    let mut shared = std::sync::Arc::new(gate);
    let other = processor.clone();
    requests.send_many(&mut (0..4).map(Envelope::new).collect()).await.unwrap();
    let mut run = Driver::new(processor.run(&mut shared));
    for _ in 0..20 {
        assert!(run.poll().is_pending());
    }
    drop(run);
    requests.close();
    let rest = tokio::spawn(async move { other.run(&mut shared).await });
    let (mut seen, mut missed) = (Vec::new(), 0);
    loop {
        match soon(responses.receive()).await {
            Ok(response) => seen.push(response.outcome.clone().unwrap()),
            Err(ReceiveError::Lagged(count)) => missed += count,
            Err(_) => break,
        }
    }
    soon(rest).await.unwrap();
    assert!(seen.len() as u64 + missed >= 4, "seen {seen:?}, missed {missed}");
}
