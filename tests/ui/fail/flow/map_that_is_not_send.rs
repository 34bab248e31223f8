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
    let seen = std::rc::Rc::new(1);
    let _ = Flow::define("titles", |urls: Wire<String>| urls.map(move |url| url.len() + *seen));
}
