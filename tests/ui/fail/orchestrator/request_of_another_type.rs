use job_orch::prelude::*;

#[job]
async fn count(path: &std::path::PathBuf) -> u64 {
    path.iter().count() as u64
}

async fn run() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).host(Count).start().await?;
    let count = orch.call(Count, "src").await;
    orch.shutdown().await
}

fn main() {}
