//! The same as `spawner`, from a program without an asynchronous runtime: see `server`.

mod fibonacci;

use std::error::Error;

use fibonacci::{Fibonacci, pairs, store};
use job_orch::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(store) = store()? else { return Ok(()) };
    let orch = Orchestrator::on(store).reach(Fibonacci).start_blocking()?;
    let mut accepted = 0;
    for pair in pairs().take(50) {
        orch.send_blocking(Fibonacci, pair)?;
        accepted += 1;
    }
    println!("{accepted} jobs are accepted");
    Ok(orch.shutdown()?)
}
