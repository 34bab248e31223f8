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

#[job]
async fn parse(text: &String) -> Result<u64, std::num::ParseIntError> {
    text.parse()
}

#[derive(Debug)]
enum CrawlError {
    Read(std::io::Error),
}

impl From<std::io::Error> for CrawlError {
    fn from(error: std::io::Error) -> Self {
        Self::Read(error)
    }
}

fn main() {
    let _ = Flow::define("titles", |urls: Wire<String, CrawlError>| urls.to(Fetch).to(Title).to(Parse));
}
