//! Queues fifty jobs with consecutive Fibonacci numbers, and ends: see `server`.

mod fibonacci;

use std::error::Error;
use std::time::Duration;

use fibonacci::{Fibonacci, SLOW, pairs, store};
use job_orch::prelude::*;
use job_orch::retry::Retry;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(store) = store()? else { return Ok(()) };
    let orch = Orchestrator::on(store).reach(Fibonacci).reach_in(Fibonacci, SLOW).start().await?;
    let ids = orch.send_many(Fibonacci, pairs().take(47)).await?;
    let mut last = pairs().skip(47);
    let mut next = || last.next().ok_or("the sequence has no end");
    let urgent = orch.send(Fibonacci, next()?).priority(5).await?;
    orch.send(Fibonacci, next()?).after("1s").await?;
    // Of this one alone: another queue, fewer retries, and more time between them than the job says.
    let patient = Retry::times(2).linear(Duration::from_secs(5));
    let slow = orch.send(Fibonacci, next()?).queue(SLOW).retry(patient).await?;
    // On the disk, whatever happens to any of these programs now.
    println!("{} jobs are accepted, the last {}; they survive {:?}", ids.len() + 3, slow.id, urgent.durability);
    Ok(orch.shutdown().await?)
}
