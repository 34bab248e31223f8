use job_orch::flow::{Flow, Wire};
use job_orch::prelude::*;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flow = Flow::define("double", |number: Wire<u64>| number.to(Double))?;
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await?;
    orch.run_as(JobId::new(), &flow, 21).await?;
    Ok(())
}
