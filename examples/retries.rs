//! Retries with a backoff, and dead letters: kept with their reason until somebody redrives or drops them.
//!
//! ```text
//! cargo run --example retries
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use job_orch::prelude::*;
use tokio::time::sleep;

/// A mail server that is up or down.
#[derive(Default)]
struct Server {
    is_up: AtomicBool,
}

/// Fails while the server is down: tried once and then twice more, after 10 ms and 20 ms.
#[job(retry(max = 2, backoff = "10ms..1s", jitter = 0.0))]
async fn mail(to: &String, server: &Server, #[context] context: &Context) -> Result<String, String> {
    println!("  attempt {} to reach {to}", context.attempt());
    match server.is_up.load(Ordering::Relaxed) {
        true => Ok(format!("delivered to {to}")),
        false => Err("the server is down".to_owned()),
    }
}

/// Stands for the person on call.
#[job]
async fn repair((): &(), server: &Server) {
    server.is_up.store(true, Ordering::Relaxed);
}

#[tokio::main]
async fn main() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).share(Server::default()).host(Mail).host(Repair).start().await?;

    // A caller gets the error of the last attempt, with its type.
    match orch.call(Mail, "ada@example.org".to_owned()).await {
        Ok(delivered) => println!("{delivered}"),
        Err(error) => println!("the caller is told: {error}"),
    }

    // A request without a caller becomes a dead letter.
    let receipt = orch.send(Mail, "grace@example.org".to_owned()).await?;
    while orch.dead_letters(Mail).await?.is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    for letter in orch.dead_letters(Mail).await? {
        println!("dead letter: {} after {} attempts", letter.reason, letter.reason.attempts);
    }

    orch.call(Repair, ()).await?;
    println!("redriven: {}", orch.redrive(Mail, receipt.id).await?);
    orch.shutdown().await?;
    let counts = orch.counts(Mail)?;
    println!("succeeded {}, failed {}, retried {}", counts.succeeded, counts.failed, counts.retried);
    Ok(())
}
