use job_orch::prelude::*;

#[derive(serde::Serialize)]
struct Page(String);

#[job]
async fn count_all(pages: &Vec<Page>) -> usize {
    pages.iter().map(|page| page.0.len()).sum()
}

async fn serve(store: Sqlite) {
    let _ = Orchestrator::on(store).host(CountAll).start().await;
}

fn main() {}
