use job_orch::flow::{Flow, Wire};
use job_orch::prelude::*;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let doubled = Flow::define("doubled", |numbers: Wire<u64>| numbers.to(Double))?;
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await?;
    orch.call(doubled, 21).await?;
    Ok(())
}
