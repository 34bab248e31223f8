use job_orch::flow;
use job_orch::flow::Wire;
use job_orch::prelude::*;

#[derive(Clone)]
struct Db;

#[job]
async fn store(number: &u64, _db: &mut Db) -> u64 {
    *number
}

#[flow]
fn stored(numbers: Wire<u64>) -> Wire<u64> {
    numbers.to(Store)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let orch = Orchestrator::on(Memory::new()).host(Store).host(Stored).start().await?;
    orch.call(Stored, 21).await?;
    Ok(())
}
