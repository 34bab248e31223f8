//! The jobs that are measured, and the product around them.

use std::ops::Range;

use job_orch::engine::KeptOn;
use job_orch::engine::memory::Memory;
use job_orch::resources::{HostedBy, Nil};
use job_orch::settings::Serving;
use job_orch::{Client, Job, Orchestrator, Responses, TravelsOn, job};

use crate::call::Caller;
use crate::stream::{Feed, Listen};

/// Messages of one `send_many`.
const BATCH: u64 = 256;

/// The job of every figure: small enough that only what is around it counts.
#[job]
pub async fn next(number: &u64) -> u64 {
    number + 1
}

/// The same, remembered.
#[job(cache)]
pub async fn next_cached(number: &u64) -> u64 {
    number + 1
}

/// A job that takes a while, remembered.
#[job(cache)]
pub async fn next_slowly(number: &u64) -> u64 {
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    number + 1
}

/// A job that never ends: what is sent after it waits.
#[job]
pub async fn stay(number: &u64) -> u64 {
    std::future::pending::<()>().await;
    *number
}

/// A client of the job.
pub type NextClient = Client<Next, Memory>;

/// An orchestrator with a job, and a client of it.
pub async fn host<J>(job: J, serving: Serving) -> (Orchestrator<Memory>, Client<J, Memory>)
where
    J: Job + TravelsOn<Memory> + KeptOn<Memory> + HostedBy<Nil, ()> + Copy,
{
    let orch = Orchestrator::on(Memory::new()).host_with(job, serving).start().await.expect("it starts");
    let client = orch.client(job).expect("it is hosted");
    (orch, client)
}

impl Feed for NextClient {
    async fn feed(&mut self, numbers: Range<u64>) {
        for number in numbers {
            self.send(number).await.expect("it is served");
        }
    }
}

/// A client that sends by the batch.
#[derive(Debug)]
pub struct InBatches(pub NextClient);

impl Feed for InBatches {
    async fn feed(&mut self, numbers: Range<u64>) {
        let mut from = numbers.start;
        while from < numbers.end {
            let to = (from + BATCH).min(numbers.end);
            self.0.send_many(from..to).await.expect("it is served");
            from = to;
        }
    }
}

impl Listen for Responses<Next, Memory> {
    async fn listen(&mut self) -> u64 {
        let response = self.receive().await.expect("nothing is lost and nothing closed");
        *response.outcome.as_ref().expect("the job cannot fail")
    }
}

impl Caller for NextClient {
    async fn ask(&mut self, number: u64) -> u64 {
        self.call(number).await.expect("it is answered")
    }
}

impl Caller for Client<NextCached, Memory> {
    async fn ask(&mut self, number: u64) -> u64 {
        self.call(number).await.expect("it is answered")
    }
}
