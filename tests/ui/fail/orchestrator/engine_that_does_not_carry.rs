use job_orch::Engine;
use job_orch::prelude::*;

#[job]
async fn tick() {}

fn host<E: Engine>(engine: E) {
    let _ = Orchestrator::on(engine).host(Tick);
}

fn main() {}
