use job_orch::prelude::*;

struct Db(u64);

async fn run() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).provide(Db(1)).start().await?;
    orch.shutdown().await
}

fn main() {}
