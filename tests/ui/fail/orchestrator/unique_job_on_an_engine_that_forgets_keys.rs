use job_orch::prelude::*;

#[job(unique(key = "tick", within = "1h"))]
async fn tick() {}

fn main() {
    let _ = Orchestrator::on(Memory::new()).host(Tick);
}
