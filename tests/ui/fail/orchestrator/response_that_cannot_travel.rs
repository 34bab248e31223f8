use job_orch::prelude::*;

struct Page;

#[job]
async fn load(_url: &String) -> Page {
    Page
}

async fn serve(store: Sqlite) {
    let _ = Orchestrator::on(store).host(Load).start().await;
}

fn main() {}
