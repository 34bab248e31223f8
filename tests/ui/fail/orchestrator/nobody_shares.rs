use job_orch::prelude::*;

struct Http(u64);

#[job]
async fn fetch(url: &String, http: &Http) -> u64 {
    url.len() as u64 + http.0
}

async fn run() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).host(Fetch).start().await?;
    orch.shutdown().await
}

fn main() {}
