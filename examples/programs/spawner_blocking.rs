//! Queues one job from a synchronous program, and ends: see `server`. The runtime is only there for the orchestrator.

mod fibonacci;

use std::error::Error;

use fibonacci::{Fibonacci, Pair, store};
use job_orch::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(store) = store()? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let orch = runtime.block_on(Orchestrator::on(store).reach(Fibonacci).start())?;
    let receipt = orch.send_blocking(Fibonacci, Pair { a: 89, b: 144 })?;
    println!("{} is accepted", receipt.id);
    Ok(runtime.block_on(orch.shutdown())?)
}
