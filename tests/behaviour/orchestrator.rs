//! Putting an orchestrator together.

use job_orch::Error;
use job_orch::prelude::*;
use job_orch::settings::{Overflow, Serving};
use job_orch_tests::{Log, settle};

#[job(name = "same")]
async fn first(number: &u64) -> u64 {
    *number
}

#[job(name = "same")]
async fn second(number: &u64) -> u64 {
    number * 2
}

#[job]
async fn note(number: &u64, notes: &Log<u64>) {
    notes.push(*number);
}

/// Why it did not start.
async fn refusal(serving: Serving) -> String {
    let error = Orchestrator::on(Memory::new()).host_with(First, serving).start().await.unwrap_err();
    match error {
        Error::InvalidServing { job: "same", problem } => problem,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn two_jobs_of_one_name_are_refused_with_both_places() {
    let assembly = Orchestrator::on(Memory::new()).host(First);
    let (assembly, line) = (assembly.host(Second), line!());
    let error = assembly.start().await.unwrap_err();
    let Error::HostedTwice { job, first, second } = error else { panic!("{error}") };
    assert_eq!(job, "same");
    assert_eq!((first.file(), second.file()), (file!(), file!()));
    assert_eq!((first.line(), second.line()), (line - 1, line));
}

#[tokio::test]
async fn one_job_twice_is_refused() {
    let error = Orchestrator::on(Memory::new()).host(First).host(First).start().await.unwrap_err();
    assert!(matches!(error, Error::HostedTwice { job: "same", .. }), "{error}");
    assert!(error.to_string().contains("orchestrator.rs"), "{error}");
}

#[tokio::test]
async fn figures_out_of_range_are_refused() {
    let serving = Serving::DEFAULT;
    assert_eq!(refusal(serving.workers(0)).await, "`workers` is 0; it must lie between 1 and 4096");
    assert_eq!(refusal(serving.workers(4097)).await, "`workers` is 4097; it must lie between 1 and 4096");
    assert!(refusal(serving.workers(usize::MAX)).await.starts_with("`workers` is"));
    assert!(refusal(serving.requests(0)).await.starts_with("`requests` is 0"));
    assert!(refusal(serving.requests((1 << 24) + 1)).await.starts_with("`requests` is"));
    assert!(refusal(serving.responses(0)).await.starts_with("`responses` is 0"));
    assert!(refusal(serving.responses(usize::MAX)).await.starts_with("`responses` is"));
    assert!(refusal(serving.batch(0, std::time::Duration::ZERO)).await.starts_with("`batch` is 0"));
}

#[tokio::test]
async fn a_request_channel_that_drops_is_refused() {
    let problem = refusal(Serving::DEFAULT.full_requests(Overflow::DropOldest)).await;
    assert!(problem.contains("never dropped"), "{problem}");
}

#[tokio::test]
async fn the_greatest_figures_are_accepted() {
    let serving = Serving::DEFAULT.workers(4096).requests(1 << 24).responses(1 << 24);
    let orch = Orchestrator::on(Memory::new()).host_with(First, serving).start().await.unwrap();
    assert_eq!(orch.call(First, 1).await.unwrap(), 1);
    orch.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_serving_of_the_host_goes_before_that_of_the_job() {
    let orch = Orchestrator::on(Memory::new()).host_with(First, Serving::DEFAULT.workers(3)).start().await.unwrap();
    settle().await;
    assert_eq!(orch.health().await.jobs[0].workers, 3);
}

#[tokio::test(start_paused = true)]
async fn each_orchestrator_has_channels_of_its_own() {
    let (here, there) = (Log::new(), Log::new());
    let memory = Memory::new();
    let one = Orchestrator::on(memory).share(here.clone()).host(Note).start().await.unwrap();
    let two = Orchestrator::on(memory).share(there.clone()).host(Note).start().await.unwrap();
    one.send(Note, 1).await.unwrap();
    two.send(Note, 2).await.unwrap();
    one.shutdown().await.unwrap();
    two.shutdown().await.unwrap();
    assert_eq!((here.entries(), there.entries()), (vec![1], vec![2]));
}

#[tokio::test]
async fn every_error_becomes_one_error() {
    async fn sends(orch: &Orchestrator<Memory>) -> Result<(), Error> {
        orch.send(First, 1).after("soon").await?;
        Ok(())
    }
    async fn calls(orch: &Orchestrator<Memory>) -> Result<(), Error> {
        orch.call(Note, 1).await?;
        Ok(())
    }
    let orch = Orchestrator::on(Memory::new()).host(First).start().await.unwrap();
    let error = sends(&orch).await.unwrap_err();
    assert!(matches!(&error, Error::Send(_)) && error.to_string().contains("`same`"), "{error}");
    let error = calls(&orch).await.unwrap_err();
    assert!(matches!(&error, Error::Call(_)) && error.to_string().contains("`note`"), "{error}");
}
