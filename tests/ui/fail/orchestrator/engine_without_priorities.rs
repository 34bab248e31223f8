use job_orch::Engine;
use job_orch::prelude::*;

#[job]
async fn tick() {}

fn later<E: Engine>(orch: &Orchestrator<E>) {
    let _ = orch.send(Tick, ()).priority(1);
}

fn main() {}
