use job_orch::flow::{Flow, Wire};
use job_orch::job;

struct Page(String);

#[job]
async fn fetch(url: &String) -> Result<Page, std::io::Error> {
    Ok(Page(url.clone()))
}

fn main() {
    let _ = Flow::define("titles", |urls: Wire<String, std::io::Error>| urls.retry_part(3, |url| url.to(Fetch)));
}
