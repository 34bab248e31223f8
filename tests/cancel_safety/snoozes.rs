//! Snoozing: the snooze itself, the worker that puts its request aside, and the call that waits for it.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use job_orch::Engine;
use job_orch::channel::{Envelope, McReceive, MpSend};
use job_orch::engine::sqlite::Sqlite;
use job_orch::prelude::*;
use job_orch::processor::{JobProcessor, Processor};
use job_orch_tests::{Log, cut_off, soon};

const SECOND: Duration = Duration::from_secs(1);

/// Snoozes twice for each request.
#[job]
async fn doze(number: &u64, log: &Log<(u64, u32)>, #[context] context: &Context) -> u64 {
    log.push((*number, context.attempt()));
    tokio::task::yield_now().await;
    if log.entries().iter().filter(|(other, _)| other == number).count() <= 2 {
        context.snooze(SECOND).await;
    }
    *number
}

/// Polls its snooze so often within one poll of its own, and goes on without it.
#[job]
async fn nod(polls: &usize, #[context] context: &Context) -> usize {
    let polled = {
        let mut snooze = pin!(context.snooze(SECOND));
        let poll = std::future::poll_fn(|poller| {
            (0..*polls).for_each(|_| assert!(snooze.as_mut().poll(poller).is_pending()));
            Poll::Ready(())
        });
        poll.await;
        *polls
    };
    // This is a wait as any other.
    tokio::time::sleep(SECOND).await;
    polled
}

#[tokio::test(start_paused = true)]
async fn a_snooze_that_is_dropped_is_none() {
    let orch = Orchestrator::on(Memory::new()).host(Nod).start().await.unwrap();
    for polls in 0..4 {
        assert_eq!(orch.call(Nod, polls).await.unwrap(), polls);
    }
    let counts = orch.counts(Nod).unwrap();
    assert_eq!((counts.succeeded, counts.snoozed), (4, 0));
    orch.shutdown().await.unwrap();
}

/// Runs a processor again and again, dropped after so many polls, then to its end: each request ends, once, and in its first
/// attempt.
async fn interrupted<E: Engine>(engine: E, polls: usize)
where
    Doze: job_orch::TravelsOn<E>,
{
    let channels = engine.open::<Doze>(&Doze::SERVING).await.unwrap();
    let processor = JobProcessor::new(Doze, channels);
    let requests = processor.request_sender();
    let mut responses = processor.response_receiver();
    for number in 0..3 {
        requests.send(Envelope::new(number)).await.unwrap();
    }
    let log = Log::new();
    let mut resources = Arc::new(log.clone());
    for _ in 0..6 {
        cut_off(polls, processor.clone().run(&mut resources)).await;
        tokio::time::advance(SECOND / 2).await;
    }
    let last = tokio::spawn(async move { processor.run(&mut resources).await });
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.push(*soon(responses.receive()).await.unwrap().outcome.as_ref().unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2], "after {polls} polls");
    assert!(log.entries().iter().all(|(_, attempt)| *attempt == 1), "after {polls} polls: {:?}", log.entries());
    last.abort();
}

#[tokio::test(start_paused = true)]
async fn a_processor_that_is_dropped_while_it_puts_a_request_aside_loses_none() {
    for polls in 0..12 {
        interrupted(Memory::new(), polls).await;
        let folder = tempfile::tempdir().unwrap();
        interrupted(Sqlite::options().for_tests().open(folder.path().join("jobs.db")).unwrap(), polls).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_leaves_its_snoozed_request_to_run() {
    for polls in 1..6 {
        let log = Log::new();
        let orch = Orchestrator::on(Memory::new()).share(log.clone()).host(Doze).start().await.unwrap();
        assert!(cut_off(polls, orch.call(Doze, 7)).await.is_none());
        tokio::time::sleep(5 * SECOND).await;
        assert_eq!(log.entries(), [(7, 1); 3], "after {polls} polls");
        assert_eq!(orch.counts(Doze).unwrap().succeeded, 1);
        orch.shutdown().await.unwrap();
    }
}
