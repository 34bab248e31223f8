//! Responses are broadcast: every receiver sees every response, or is told exactly how many it missed.
//!
//! ```text
//! cargo run --example broadcast
//! ```

use futures_util::StreamExt;
use job_orch::channel::ReceiveError;
use job_orch::prelude::*;

/// Keeps the last four responses for whoever is slow. By default a full channel waits for its slowest receiver instead.
#[job]
#[processor(responses(capacity = 4, full = drop_oldest))]
async fn square(number: &u64) -> u64 {
    number * number
}

#[tokio::main]
async fn main() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).host(Square).start().await?;

    // Two receivers that keep up, each in a task of its own: both see both.
    let readers: Vec<_> = ["first", "second"]
        .map(|name| {
            let mut responses = orch.responses(Square);
            tokio::spawn(async move {
                for _ in 0..2 {
                    if let Some(Ok(response)) = responses.next().await {
                        println!("the {name} reader sees {:?}", response.outcome);
                    }
                }
            })
        })
        .into();
    for number in [2, 3] {
        orch.call(Square, number).await?;
    }
    for reader in readers {
        // Only a panic of the reader's could be an error here.
        let _ = reader.await;
    }

    // One that sleeps while ten responses pass.
    let mut slow = orch.responses(Square);
    orch.send_many(Square, 1..=10).await?;
    orch.shutdown().await?;
    loop {
        match slow.receive().await {
            Ok(response) => println!("the slow reader sees {:?}", response.outcome),
            Err(ReceiveError::Lagged(missed)) => println!("the slow reader has missed {missed}"),
            Err(ReceiveError::Closed) => break println!("the end"),
            Err(error) => break println!("{error}"),
        }
    }
    Ok(())
}
