//! Where requests go that used up their attempts, and how they come back.

use job_orch::prelude::*;
use job_orch_tests::{Bare, Gate, Log, settle, soon};
use std::time::Duration;

/// Fails unless it is let off, and says which attempt it is.
#[job(retry(max = 1, backoff = "1s", jitter = 0))]
async fn work(number: &u64, attempts: &Log<u32>, #[context] context: &Context) -> Result<u64, Bare> {
    attempts.push(context.attempt());
    Err(Bare(format!("number {number}, attempt {}", context.attempt())))
}

#[job]
async fn mend(number: &u64, mended: &Log<u64>) -> Result<u64, Bare> {
    if mended.is_empty() { Err(Bare(format!("{number}"))) } else { Ok(*number) }
}

#[job]
#[processor(requests(capacity = 1, full = refuse))]
async fn jam(number: &u64, gate: &Gate) -> Result<(), Bare> {
    gate.pass().await;
    Err(Bare(format!("{number}")))
}

#[job]
async fn elsewhere(_: &()) {}

async fn working() -> (Orchestrator<Memory>, Log<u32>) {
    let attempts = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(attempts.clone()).host(Work).start().await.unwrap();
    (orch, attempts)
}

async fn reasons(orch: &Orchestrator<Memory>) -> Vec<String> {
    let letters = orch.dead_letters(Work).await.unwrap();
    letters.into_iter().map(|letter| letter.reason.message.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_that_used_up_its_attempts_is_kept_with_its_reason() {
    let (orch, _) = working().await;
    let first = orch.send(Work, 1).await.unwrap();
    let second = orch.send(Work, 2).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let letters = orch.dead_letters(Work).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.id).collect::<Vec<_>>(), [first.id, second.id], "oldest first");
    let reason = &letters[0].reason;
    assert_eq!(reason.message, "number 1, attempt 2");
    assert_eq!((reason.kind, reason.attempts), (FailureKind::Error, 2));
    let counts = orch.counts(Work).unwrap();
    assert_eq!((counts.failed, counts.buried), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_its_caller_was_told_is_not_kept() {
    let (orch, _) = working().await;
    soon(orch.call(Work, 1)).await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(reasons(&orch).await.is_empty());
    assert_eq!(orch.counts(Work).unwrap().buried, 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_whose_caller_went_away_is_kept() {
    let (orch, attempts) = working().await;
    let call = tokio::time::timeout(Duration::from_millis(500), orch.call(Work, 1)).await;
    assert!(call.is_err() && attempts.len() == 1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(reasons(&orch).await, ["number 1, attempt 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_redriven_has_all_its_attempts_before_it() {
    let (orch, attempts) = working().await;
    let receipt = orch.send(Work, 1).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(orch.redrive(Work, receipt.id).await.unwrap());
    assert!(!orch.redrive(Work, receipt.id).await.unwrap(), "it is no dead letter now");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(attempts.entries(), [1, 2, 1, 2]);
    let letters = orch.dead_letters(Work).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.id).collect::<Vec<_>>(), [receipt.id], "it keeps its id");
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_redriven_may_succeed() {
    let mended = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(mended.clone()).host(Mend).start().await.unwrap();
    let mut responses = orch.responses(Mend);
    let receipt = orch.send(Mend, 7).await.unwrap();
    assert!(soon(responses.receive()).await.unwrap().outcome.is_err());
    settle().await;
    mended.push(1);
    assert!(orch.redrive(Mend, receipt.id).await.unwrap());
    let response = soon(responses.receive()).await.unwrap();
    assert_eq!((response.id, &response.outcome), (receipt.id, &Ok(7)));
    assert!(orch.dead_letters(Mend).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_finds_no_room_stays_one() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(Jam).start().await.unwrap();
    let receipt = orch.send(Jam, 1).await.unwrap();
    gate.let_through(1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    orch.send(Jam, 2).await.unwrap();
    gate.reached_by(2).await;
    orch.send(Jam, 3).await.unwrap();
    let error = soon(orch.redrive(Jam, receipt.id)).await.unwrap_err();
    assert!(matches!(error, job_orch::Error::Engine { job: "jam", .. }), "{error}");
    assert_eq!(orch.dead_letters(Jam).await.unwrap()[0].id, receipt.id);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_can_be_dropped() {
    let (orch, _) = working().await;
    let first = orch.send(Work, 1).await.unwrap();
    orch.send(Work, 2).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(orch.drop_dead_letter(Work, first.id).await.unwrap());
    assert!(!orch.drop_dead_letter(Work, first.id).await.unwrap());
    assert_eq!(reasons(&orch).await, ["number 2, attempt 2"]);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_dead_letter_of_an_unknown_id() {
    let (orch, _) = working().await;
    assert!(!orch.redrive(Work, JobId::new()).await.unwrap());
    assert!(!orch.drop_dead_letter(Work, JobId::new()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_dead_letters_of_a_job_that_is_not_hosted_are_an_error() {
    let (orch, _) = working().await;
    let not_hosted = |error| assert!(matches!(error, job_orch::Error::NotHosted { job: "elsewhere" }), "{error}");
    not_hosted(orch.dead_letters(Elsewhere).await.unwrap_err());
    not_hosted(orch.redrive(Elsewhere, JobId::new()).await.unwrap_err());
    not_hosted(orch.drop_dead_letter(Elsewhere, JobId::new()).await.unwrap_err());
    not_hosted(orch.counts(Elsewhere).unwrap_err());
    not_hosted(orch.client(Elsewhere).map(|_| ()).unwrap_err());
}

#[tokio::test(start_paused = true)]
async fn no_more_dead_letters_are_kept_than_there_is_room_for() {
    let (orch, _) = working().await;
    for number in 0..1030 {
        orch.send(Work, number).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let reasons = reasons(&orch).await;
    assert_eq!(reasons.len(), 1024);
    assert_eq!(reasons[0], "number 6, attempt 2", "the oldest goes for the newest");
    assert_eq!(orch.counts(Work).unwrap().buried, 1030);
}

#[tokio::test(start_paused = true)]
async fn dead_letters_outlive_the_workers() {
    let (orch, _) = working().await;
    let receipt = orch.send(Work, 1).await.unwrap();
    orch.shutdown().await.unwrap();
    assert_eq!(orch.dead_letters(Work).await.unwrap()[0].id, receipt.id);
    orch.redrive(Work, receipt.id).await.unwrap_err();
    assert_eq!(orch.dead_letters(Work).await.unwrap()[0].id, receipt.id, "what cannot be sent again is kept");
}
