use job_orch::prelude::*;

#[derive(Clone)]
struct Db(u64);

#[job]
async fn store(total: &u64, db: &mut Db) -> u64 {
    *total + db.0
}

async fn run() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).host(Store).provide(Db(1)).start().await?;
    orch.shutdown().await
}

fn main() {}
