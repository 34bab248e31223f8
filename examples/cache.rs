//! Cached responses: hits, one run for equal requests in flight, and a time to live.
//!
//! ```text
//! cargo run --example cache
//! ```

use std::time::Duration;

use job_orch::cache::CacheCounts;
use job_orch::prelude::*;
use tokio::time::sleep;

/// Slow enough to be worth a cache. A response is fresh for half a second; errors are not kept unless asked.
#[job(cache(ttl = "500ms", capacity = 100))]
#[processor(workers = 4)]
async fn square(number: &u64) -> u64 {
    sleep(Duration::from_millis(50)).await;
    number * number
}

type Orch = Orchestrator<Memory>;

#[tokio::main]
async fn main() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).host(Square).start().await?;

    println!("{:30} {}", "the first call runs:", ask(&orch, 12).await?);
    println!("{:30} {}", "the second is a hit:", ask(&orch, 12).await?);

    // Three callers of one request at the same time: one leads, the others join its run.
    let (one, two, three) = tokio::join!(orch.call(Square, 5), orch.call(Square, 5), orch.call(Square, 5));
    println!("{:30} {one:?}, {two:?}, {three:?}; {}", "three at once:", state(&orch)?);

    sleep(Duration::from_millis(600)).await;
    println!("{:30} {}", "after its time it runs again:", ask(&orch, 12).await?);

    orch.client(Square)?.clear_cache();
    println!("{:30} {}", "and after a clear:", ask(&orch, 12).await?);
    orch.shutdown().await
}

async fn ask(orch: &Orch, number: u64) -> Result<String, job_orch::Error> {
    let square = orch.call(Square, number).await?;
    Ok(format!("{square}; {}", state(orch)?))
}

/// What the job and its cache have counted.
fn state(orch: &Orch) -> Result<String, job_orch::Error> {
    let counts = orch.counts(Square)?;
    let CacheCounts { hits, misses, joins, .. } = counts.cache.unwrap_or_default();
    Ok(format!("so far {} runs, {hits} hits, {misses} misses, {joins} joins", counts.attempts))
}
