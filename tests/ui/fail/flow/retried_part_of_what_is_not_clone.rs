use job_orch::flow::{Flow, Wire};
use job_orch::job;

struct Page(String);

#[job]
async fn fetch(url: &String) -> Result<Page, std::io::Error> {
    Ok(Page(url.clone()))
}

#[job]
async fn title(page: &Page) -> String {
    page.0.clone()
}

fn main() {
    let policy = job_orch::retry::Retry::times(3);
    let _ = Flow::define("titles", |pages: Wire<Page>| pages.retry_part(policy, |page| page.to(Title)));
}
