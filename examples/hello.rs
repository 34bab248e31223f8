//! One job: called for its response, sent without waiting, and shut down.
//!
//! ```text
//! cargo run --example hello
//! ```

use job_orch::prelude::*;

/// An ordinary function; `#[job]` puts the job type `Greet` beside it.
#[job]
async fn greet(name: &String) -> String {
    format!("Hello, {name}!")
}

#[tokio::main]
async fn main() -> Result<(), job_orch::Error> {
    // The function itself needs no orchestrator.
    println!("called as a function: {}", greet(&"Ada".to_owned()).await);

    let orch = Orchestrator::on(Memory::new()).host(Greet).start().await?;

    // A call waits for its typed response …
    println!("called as a job:      {}", orch.call(Greet, "Grace".to_owned()).await?);

    // … and a request that is sent is kept until a worker has run it.
    let receipt = orch.send(Greet, "Barbara".to_owned()).await?;
    println!("sent as request {}", receipt.id);

    // Drains: what was accepted is run first.
    orch.shutdown().await?;
    println!("succeeded: {}", orch.counts(Greet)?.succeeded);
    Ok(())
}
