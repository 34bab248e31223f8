//! Running a processor.

use std::sync::Arc;

use job_orch::channel::{Envelope, McReceive, MpSend, ReceiveError};
use job_orch::engine::memory::MemoryChannels;
use job_orch::prelude::*;
use job_orch::processor::{JobProcessor, Processor};
use job_orch_tests::{Bare, Counted, Tally, cut_off, soon};

/// Suspends as often as its request says.
#[job(retry(max = 1, backoff = "1s", jitter = 0))]
async fn suspend(value: &Counted, tally: &Tally, #[context] context: &Context) -> Result<Counted, Bare> {
    for _ in 0..value.number {
        tokio::task::yield_now().await;
    }
    if value.number == 3 && context.attempt() == 1 { Err(Bare::of("once more")) } else { Ok(tally.one(value.number)) }
}

#[job]
#[processor(batch(max = 3))]
async fn suspend_all(values: &[Counted], tally: &Tally) -> Vec<Counted> {
    for _ in 0..values.len() {
        tokio::task::yield_now().await;
    }
    values.iter().map(|value| tally.one(value.number)).collect()
}

/// Runs a processor again and again, dropped after so many polls, then to its end; says what its receiver saw and missed.
async fn interrupted<J>(job: J, polls: usize, capacity: usize) -> (Vec<u64>, u64)
where
    J: Run<Request = Counted, Response = Counted, Resources = Arc<Tally>> + Copy,
{
    let tally = Tally::default();
    let processor = JobProcessor::new(job, MemoryChannels::new(&J::SERVING.responses(capacity)));
    let requests = processor.request_sender();
    let mut responses = processor.response_receiver();
    for number in 0..6 {
        requests.send(Envelope::new(tally.one(number))).await.unwrap();
    }
    let mut resources = Arc::new(tally.clone());
    for _ in 0..6 {
        cut_off(polls, processor.clone().run(&mut resources)).await;
        let made = requests.accepted();
        assert_eq!(made, 6, "nothing is sent twice");
    }
    requests.close();
    drop(requests);
    let last = tokio::spawn(async move { processor.run(&mut resources).await });
    let (mut seen, mut missed) = (Vec::new(), 0);
    loop {
        match soon(responses.receive()).await {
            Ok(response) => seen.push(response.outcome.as_ref().unwrap().number),
            Err(ReceiveError::Lagged(count)) => missed += count,
            Err(_) => break,
        }
    }
    soon(last).await.unwrap();
    drop(responses);
    assert_eq!(tally.alive(), 0, "nothing leaks");
    seen.sort_unstable();
    (seen, missed)
}

#[tokio::test(start_paused = true)]
async fn a_processor_that_is_dropped_loses_no_request() {
    for polls in 0..12 {
        let (mut seen, missed) = interrupted(Suspend, polls, 64).await;
        seen.dedup();
        assert!(missed > 0 || seen == [0, 1, 2, 3, 4, 5], "after {polls} polls: {seen:?}, missed {missed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_processor_that_is_dropped_while_it_publishes_tells_what_was_missed() {
    for polls in 0..12 {
        let (seen, missed) = interrupted(Suspend, polls, 1).await;
        assert!(seen.len() as u64 + missed >= 6, "after {polls} polls: {seen:?}, missed {missed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_processor_of_batches_that_is_dropped_loses_no_request() {
    for polls in 0..12 {
        let (seen, missed) = interrupted(SuspendAll, polls, 64).await;
        assert!(seen.len() as u64 + missed >= 6, "after {polls} polls: {seen:?}, missed {missed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_processor_that_is_dropped_wakes_the_next_one() {
    let tally = Tally::default();
    let processor = JobProcessor::new(Suspend, MemoryChannels::new(&Suspend::SERVING));
    let requests = processor.request_sender();
    let mut responses = processor.response_receiver();
    let mut resources = Arc::new(tally.clone());
    let mut first = Box::pin(processor.clone().run(&mut resources));
    assert!(cut_off(1, &mut first).await.is_none());
    let mut other = Arc::new(tally.clone());
    let second = tokio::spawn(async move { processor.run(&mut other).await });
    tokio::task::yield_now().await;
    // It calls the first, which leaves without having looked.
    requests.send(Envelope::new(tally.one(1))).await.unwrap();
    drop(first);
    assert_eq!(soon(responses.receive()).await.unwrap().outcome.as_ref().unwrap().number, 1);
    requests.close();
    soon(second).await.unwrap();
}
