use job_orch::prelude::*;

struct Count;

async fn run() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).host(Count).start().await?;
    orch.shutdown().await
}

fn main() {}
