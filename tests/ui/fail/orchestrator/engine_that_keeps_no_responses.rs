use job_orch::prelude::*;

#[job]
async fn tick() {}

async fn look_back(orch: &Orchestrator<Memory>, id: JobId) {
    let _ = orch.response(Tick, id).await;
}

fn main() {}
