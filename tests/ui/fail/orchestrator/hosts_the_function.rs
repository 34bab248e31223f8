use job_orch::prelude::*;

#[job]
async fn tick() {}

async fn run() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).host(tick).start().await?;
    orch.shutdown().await
}

fn main() {}
