use job_orch::prelude::*;

#[job]
async fn tick() {}

async fn send_elsewhere() {
    let _ = Orchestrator::on(Memory::new()).reach(Tick).start().await;
}

fn main() {}
