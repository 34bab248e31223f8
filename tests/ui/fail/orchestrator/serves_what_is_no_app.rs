use job_orch::prelude::*;

struct App;

async fn run() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).serve(App).start().await?;
    orch.shutdown().await
}

fn main() {}
