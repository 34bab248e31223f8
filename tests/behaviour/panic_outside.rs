//! A panic of the user's code outside the job: in what is dropped, shown or copied for it.

use std::fmt;

use job_orch::prelude::*;
use job_orch_tests::{Capture, Log, soon};

/// Where a value panics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum At {
    #[default]
    Nowhere,
    Drop,
    Clone,
    Show,
}

struct Touchy(At);

impl Drop for Touchy {
    fn drop(&mut self) {
        assert!(self.0 != At::Drop, "dropped");
    }
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        assert!(self.0 != At::Clone, "cloned");
        Self(self.0)
    }
}

impl fmt::Debug for Touchy {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("shown")
    }
}

impl fmt::Display for Touchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(self.0 != At::Show, "shown");
        f.write_str("touchy")
    }
}

#[job]
async fn take(request: &Touchy, runs: &Log<()>) -> bool {
    runs.push(());
    request.0 == At::Nowhere
}

#[job]
async fn give(at: &At, runs: &Log<()>) -> Touchy {
    runs.push(());
    Touchy(*at)
}

#[job]
async fn fail(at: &At, runs: &Log<()>) -> Result<(), Touchy> {
    runs.push(());
    Err(Touchy(*at))
}

async fn touchy() -> (Orchestrator<Memory>, Log<()>) {
    let runs = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(runs.clone());
    (orch.host(Take).host(Give).host(Fail).start().await.unwrap(), runs)
}

/// Whether every worker works, after no more runs than requests.
async fn is_well(orch: &Orchestrator<Memory>, runs: &Log<()>, expected: usize) {
    // Longer than a worker rests after a fault.
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    assert!(orch.health().await.is_healthy(), "{:?}", orch.health().await);
    assert_eq!(runs.len(), expected, "a request ran again and again");
    orch.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_panics_when_dropped_is_handled_once() {
    let (orch, runs) = touchy().await;
    assert!(!soon(orch.call(Take, Touchy(At::Drop))).await.unwrap());
    orch.send(Take, Touchy(At::Drop)).await.unwrap();
    assert!(soon(orch.call(Take, Touchy(At::Nowhere))).await.unwrap(), "the worker goes on");
    is_well(&orch, &runs, 3).await;
    let counts = orch.counts(Take).unwrap();
    assert_eq!((counts.succeeded, counts.panicked), (3, 0), "the job itself did not panic");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_never_shown() {
    let captured = Capture::begin();
    let (orch, runs) = touchy().await;
    let mut responses = orch.responses(Take);
    let mut sent = 0;
    // The interest in spans is one for all threads, and other tests change it: ask again until this one is heard.
    while captured.spans.is_empty() {
        assert!(sent < 100, "nobody looked at spans");
        tracing::callsite::rebuild_interest_cache();
        orch.send(Take, Touchy(At::Nowhere)).await.unwrap();
        sent += 1;
        let response = soon(responses.receive()).await.unwrap();
        assert!(format!("{response:?}{orch:?}{:?}", orch.send(Take, Touchy(At::Nowhere))).contains("take"));
    }
    is_well(&orch, &runs, sent).await;
    let unsent = orch.send(Take, Touchy(At::Nowhere)).await.unwrap_err();
    assert!(format!("{unsent:?}").contains("take"));
}

#[tokio::test(start_paused = true)]
async fn a_response_is_never_shown() {
    let (orch, runs) = touchy().await;
    let mut responses = orch.responses(Give);
    orch.send(Give, At::Nowhere).await.unwrap();
    let response = soon(responses.receive()).await.unwrap();
    assert!(format!("{response:?}").contains("Ok(..)"));
    is_well(&orch, &runs, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_response_that_panics_when_dropped_is_made_once() {
    let (orch, runs) = touchy().await;
    orch.send(Give, At::Drop).await.unwrap();
    assert!(soon(orch.call(Give, At::Nowhere)).await.is_ok(), "the worker goes on");
    is_well(&orch, &runs, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_response_that_panics_when_copied_is_made_once() {
    let (orch, runs) = touchy().await;
    let _responses = orch.responses(Give);
    assert!(soon(orch.call(Give, At::Clone)).await.is_err(), "the caller is told");
    assert!(soon(orch.call(Give, At::Nowhere)).await.is_ok(), "the worker goes on");
    is_well(&orch, &runs, 2).await;
}

#[tokio::test(start_paused = true)]
async fn an_error_that_panics_when_shown_ends_its_request() {
    let (orch, runs) = touchy().await;
    let receipt = orch.send(Fail, At::Show).await.unwrap();
    soon(orch.call(Fail, At::Nowhere)).await.unwrap_err();
    is_well(&orch, &runs, 2).await;
    let letters = orch.dead_letters(Fail).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.id).collect::<Vec<_>>(), [receipt.id]);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_panics_when_dropped_ends_its_request() {
    let (orch, runs) = touchy().await;
    let receipt = orch.send(Fail, At::Drop).await.unwrap();
    soon(orch.call(Fail, At::Nowhere)).await.unwrap_err();
    is_well(&orch, &runs, 2).await;
    let letters = orch.dead_letters(Fail).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.id).collect::<Vec<_>>(), [receipt.id]);
}
