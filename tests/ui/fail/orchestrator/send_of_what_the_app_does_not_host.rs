use job_orch::prelude::*;

#[job]
async fn tick() {}

#[job]
async fn tock(times: &u64) -> u64 {
    *times
}

#[derive(Resources)]
#[hosts(Tick)]
struct App;

async fn run() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).serve(App).start().await?;
    let receipt = orch.send(Tock, 3).await;
    orch.shutdown().await
}

fn main() {}
