//! Works on what is in a store, until Ctrl-C: see `server`.

mod fibonacci;

use std::error::Error;

use fibonacci::{Fibonacci, store};
use job_orch::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(store) = store()? else { return Ok(()) };
    let orch = Orchestrator::on(store).host(Fibonacci).start().await?;
    println!("working");
    tokio::signal::ctrl_c().await?;
    // What runs is finished; what waits is left to others, or to the next start.
    orch.shutdown().await?;
    println!("{} succeeded", orch.counts(Fibonacci)?.succeeded);
    Ok(())
}
