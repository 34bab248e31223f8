//! Queues fifty jobs with consecutive Fibonacci numbers, and ends: see `server`.

mod fibonacci;

use std::error::Error;

use fibonacci::{Fibonacci, Pair, store};
use job_orch::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(store) = store()? else { return Ok(()) };
    let orch = Orchestrator::on(store).reach(Fibonacci).start().await?;
    let ids = orch.send_many(Fibonacci, pairs().take(48)).await?;
    let urgent = orch.send(Fibonacci, Pair { a: 34, b: 55 }).priority(5).await?;
    let later = orch.send(Fibonacci, Pair { a: 55, b: 89 }).after("1s").await?;
    // On the disk, whatever happens to any of these programs now.
    println!("{} jobs are accepted, the last {}; they survive {:?}", ids.len() + 2, later.id, urgent.durability);
    Ok(orch.shutdown().await?)
}

/// The sequence.
fn pairs() -> impl Iterator<Item = Pair> {
    std::iter::successors(Some(Pair { a: 0, b: 1 }), |pair| Some(Pair { a: pair.b, b: pair.a + pair.b }))
}
