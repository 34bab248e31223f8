use job_orch::flow::{Flow, Wire};
use job_orch::job;
use job_orch::retry::Retry;

struct Page(String);

#[job]
async fn fetch(url: &String) -> Result<Page, std::io::Error> {
    Ok(Page(url.clone()))
}

fn main() {
    let _ = Flow::define("titles", |urls: Wire<String, std::io::Error>| urls.retry_part(Retry::times(3), Fetch));
}
