use job_orch::Engine;
use job_orch::engine::Carries;
use job_orch::prelude::*;

#[job(unique(key = "tick"))]
async fn tick() {}

fn ticking<E: Engine + Carries<()>>(engine: E) {
    let _ = Orchestrator::on(engine).host(Tick);
}

fn main() {}
