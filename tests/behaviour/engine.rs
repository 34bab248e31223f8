//! What the runtime makes of an engine's answers.

use std::error::Error as _;

use job_orch::Error;
use job_orch::channel::BoxError;
use job_orch::engine::memory::MemoryChannels;
use job_orch::engine::{Carries, Durability, Engine, TravelsOn};
use job_orch::prelude::*;
use job_orch::settings::Serving;
use job_orch_tests::{Log, settle};

/// An engine that says of itself what it does not keep, and fails to open the channels of one job.
#[derive(Clone, Debug)]
struct Fragile;

impl Engine for Fragile {
    const NAME: &'static str = "fragile";
    type Channels<J: Run> = MemoryChannels<J>;

    async fn open<J: TravelsOn<Self>>(&self, serving: &Serving) -> Result<MemoryChannels<J>, BoxError> {
        if J::NAME == "unlucky" { Err("no room for it".into()) } else { Ok(MemoryChannels::new(serving)) }
    }

    fn durability(&self) -> Durability {
        Durability::Replicated(3)
    }
}

impl<T: Send + 'static> Carries<T> for Fragile {}

#[job]
async fn lucky(number: &u64, ran: &Log<u64>) -> u64 {
    ran.push(*number);
    *number
}

#[job]
async fn unlucky(_: &()) {}

#[tokio::test]
async fn an_engine_that_fails_keeps_the_orchestrator_from_starting() {
    let ran = Log::new();
    let assembly = Orchestrator::on(Fragile).share(ran.clone()).host(Lucky).host(Unlucky);
    let error = assembly.start().await.unwrap_err();
    assert!(matches!(error, Error::Engine { job: "unlucky", .. }), "{error}");
    assert_eq!(error.source().unwrap().to_string(), "no room for it");
    settle().await;
    assert_eq!(ran.holders(), 1, "no worker holds it");
}

#[tokio::test]
async fn a_receipt_says_what_the_engine_says() {
    let orch = Orchestrator::on(Fragile).share(Log::new()).host(Lucky).start().await.unwrap();
    let durability = Durability::Replicated(3);
    assert_eq!(orch.send(Lucky, 1).await.unwrap().durability, durability);
    assert_eq!(orch.send(Lucky, 1).trace_parent("00-1-2-01").await.unwrap().durability, durability);
    assert!(Durability::Memory < Durability::ProcessCrash && Durability::PowerLoss < durability);
    assert!(format!("{orch:?}").contains("fragile"));
}
