//! A synchronous program that sends and calls: threads without any runtime of their own.
//!
//! ```text
//! cargo run --example blocking_caller
//! ```

use std::thread;

use job_orch::prelude::*;

#[job]
#[processor(workers = 4)]
async fn fibonacci(n: &u32) -> Result<u64, String> {
    let (mut a, mut b) = (0_u64, 1_u64);
    for _ in 0..*n {
        let next = a.checked_add(b).ok_or_else(|| format!("fibonacci({n}) is too large"))?;
        (a, b) = (b, next);
    }
    Ok(a)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The workers need a runtime somewhere; here it has threads of its own, and `main` is not one of them.
    let runtime = tokio::runtime::Runtime::new()?;
    let orch = runtime.block_on(Orchestrator::on(Memory::new()).host(Fibonacci).start())?;

    let callers: Vec<_> = [10, 50, 90, 95]
        .map(|n| {
            let fibonacci = orch.client(Fibonacci);
            thread::spawn(move || match fibonacci?.call_blocking(n) {
                Ok(number) => Ok(format!("fibonacci({n}) = {number}")),
                Err(error) => Ok(error.to_string()),
            })
        })
        .into();
    for caller in callers {
        let answer: Result<String, job_orch::Error> = caller.join().map_err(|_| "a caller panicked")?;
        println!("{}", answer?);
    }

    // Sending waits for room in the channel, not for a response.
    let client = orch.client(Fibonacci)?;
    for n in 0..50 {
        client.send_blocking(n)?;
    }
    runtime.block_on(orch.shutdown())?;
    println!("{} requests succeeded, {} failed", client.counts().succeeded, client.counts().failed);
    Ok(())
}
