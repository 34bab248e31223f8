use job_orch::flow::{Flow, Wire};
use job_orch::job;

struct Page(String);

#[job]
async fn fetch(url: &String) -> Result<Page, std::io::Error> {
    Ok(Page(url.clone()))
}

#[job]
async fn parse(text: &String) -> Result<u64, std::num::ParseIntError> {
    text.parse()
}

fn main() {
    let _ = Flow::define("titles", |urls: Wire<Vec<String>>| urls.each(|url| url.to(Fetch)));
}
