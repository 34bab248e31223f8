use job_orch::flow::{Flow, Wire};
use job_orch::job;

struct Page(String);

#[job]
async fn fetch(url: &String) -> Result<Page, std::io::Error> {
    Ok(Page(url.clone()))
}

#[job]
async fn links(page: &Page) -> Vec<String> {
    page.0.lines().map(str::to_owned).collect()
}

fn main() {
    let _ = Flow::define("titles", |urls: Wire<String, std::io::Error>| {
        urls.to(Fetch).to(Links).each(|link| {
            link.to(Fetch);
        })
    });
}
