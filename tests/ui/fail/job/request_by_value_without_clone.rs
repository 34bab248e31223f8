use job_orch::job;

struct Page(String);

#[job]
async fn count(page: Page) -> usize {
    page.0.len()
}

fn main() {}
