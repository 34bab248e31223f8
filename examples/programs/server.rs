//! Watches a store: prints each response as it comes, and how much waits, until Ctrl-C. It runs nothing itself.
//!
//! ```text
//! cargo run --example server -- DIRECTORY
//! cargo run --example worker -- DIRECTORY            # as many as you like
//! cargo run --example spawner -- DIRECTORY           # again and again
//! cargo run --example spawner_blocking -- DIRECTORY
//! ```
//!
//! The programs can be started in any order, and killed at any moment: what was accepted is kept in the file.

mod fibonacci;

use std::error::Error;

use fibonacci::{Fibonacci, store};
use job_orch::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(store) = store()? else { return Ok(()) };
    let orch = Orchestrator::on(store).reach(Fibonacci).start().await?;
    let mut responses = orch.responses(Fibonacci);
    println!("watching");
    loop {
        let response = tokio::select! {
            response = responses.receive() => response?,
            _ = tokio::signal::ctrl_c() => break,
        };
        let waiting = orch.health().await.jobs[0].waiting.unwrap_or_default();
        match &response.outcome {
            Ok(number) => println!("{}: {number} ({waiting} wait)", response.id),
            Err(failure) => println!("{}: {failure} ({waiting} wait)", response.id),
        }
    }
    Ok(orch.shutdown().await?)
}
