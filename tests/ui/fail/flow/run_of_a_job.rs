use job_orch::prelude::*;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await?;
    orch.run(&Double, 21).await?;
    Ok(())
}
