use job_orch::prelude::*;

#[derive(Clone)]
struct Db(u64);

struct Http(u64);

#[job]
async fn fetch(url: &String, db: &mut Db, http: &Http) -> u64 {
    url.len() as u64 + db.0 + http.0
}

async fn run() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).provide(Db(1)).host(Fetch).start().await?;
    orch.shutdown().await
}

fn main() {}
