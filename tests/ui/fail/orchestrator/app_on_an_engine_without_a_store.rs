use job_orch::prelude::*;

#[job(cache(store = engine))]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[derive(Resources)]
#[hosts(Double)]
struct App {}

fn main() {
    let _ = Orchestrator::on(Memory::new()).serve(App {});
}
