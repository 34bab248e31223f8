//! Watches a store: prints each response as it comes, and how much waits, until Ctrl-C. It runs nothing itself.
//!
//! ```text
//! cargo run --example server -- DIRECTORY
//! cargo run --example worker -- DIRECTORY            # as many as you like; with names of queues, those alone
//! cargo run --example spawner -- DIRECTORY           # again and again
//! cargo run --example spawner_blocking -- DIRECTORY
//! ```
//!
//! The programs can be started in any order, and killed at any moment: what was accepted is kept in the file.

mod fibonacci;

use std::error::Error;

use fibonacci::{Fibonacci, SLOW, store};
use job_orch::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(store) = store()? else { return Ok(()) };
    let orch = Orchestrator::on(store).reach(Fibonacci).reach_in(Fibonacci, SLOW).start().await?;
    let own = orch.client(Fibonacci)?;
    let slow = own.in_queue(SLOW).ok_or("the queue was reached above")?;
    let (mut numbers, mut slow_ones) = (own.responses(), slow.responses());
    println!("watching");
    loop {
        let response = tokio::select! {
            response = numbers.receive() => response?,
            response = slow_ones.receive() => response?,
            _ = tokio::signal::ctrl_c() => break,
        };
        let waiting: u64 = orch.health().await.jobs.iter().filter_map(|job| job.waiting).sum();
        match &response.outcome {
            Ok(number) => println!("{}: {number} ({waiting} wait)", response.id),
            Err(failure) => println!("{}: {failure} ({waiting} wait)", response.id),
        }
    }
    Ok(orch.shutdown().await?)
}
