use job_orch::channel::Transact;
use job_orch::prelude::*;

#[job]
async fn tick() {}

fn booked(orch: &Orchestrator<Memory>, transaction: &impl Transact) {
    let _ = orch.send(Tick, ()).in_transaction(transaction);
}

fn main() {}
