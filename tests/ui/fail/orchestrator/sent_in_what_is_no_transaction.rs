use job_orch::prelude::*;

#[job]
async fn tick() {}

fn booked(orch: &Orchestrator<Sqlite>) {
    let _ = orch.send(Tick, ()).in_transaction(&"BEGIN");
}

fn main() {}
