use job_orch::flow::Wire;
use job_orch::{flow, job};

struct Page(String);

#[job]
async fn title(page: &Page) -> String {
    page.0.clone()
}

#[flow]
fn titles(pages: Wire<Page>) -> Wire<String> {
    pages.to(Title)
}

fn main() {}
