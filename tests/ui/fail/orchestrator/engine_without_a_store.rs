use job_orch::prelude::*;

#[job(cache(store = engine))]
async fn double(number: &u64) -> u64 {
    number * 2
}

fn main() {
    let _ = Orchestrator::on(Memory::new()).host(Double);
}
