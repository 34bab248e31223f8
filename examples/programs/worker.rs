//! Works on what is in a store, until Ctrl-C: see `server`.
//!
//! ```text
//! cargo run --example worker -- DIRECTORY            # from all queues
//! cargo run --example worker -- DIRECTORY slow       # from these queues alone
//! ```

mod fibonacci;

use std::error::Error;

use fibonacci::{Fibonacci, SLOW, store};
use job_orch::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(store) = store()? else { return Ok(()) };
    let orch = Orchestrator::on(store)
        .host(Fibonacci)
        .host_with(Fibonacci, Fibonacci::SERVING.queue(SLOW).workers(1))
        .only(std::env::args().skip(2))
        .start()
        .await?;
    println!("working");
    tokio::signal::ctrl_c().await?;
    // What runs is finished; what waits is left to others, or to the next start.
    orch.shutdown().await?;
    for job in orch.health().await.jobs {
        println!("{} of the queue `{}` succeeded", job.counts.succeeded, job.queue);
    }
    Ok(())
}
