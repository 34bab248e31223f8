use job_orch::flow::Flow;
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
    let _ = Flow::define("titles", |urls| urls.to(Fetch).to(Title));
}
