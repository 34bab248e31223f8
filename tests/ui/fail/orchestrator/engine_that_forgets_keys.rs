use job_orch::prelude::*;

#[job]
async fn tick() {}

fn once(orch: &Orchestrator<Memory>) {
    let _ = orch.send(Tick, ()).unique("key").even_dead();
}

fn main() {}
