use job_orch::flow::Wire;
use job_orch::job;

struct Page(String);

#[job]
async fn fetch(url: &String) -> Result<Page, std::io::Error> {
    Ok(Page(url.clone()))
}

fn pages<F: Send + 'static>(urls: Wire<String, F>) -> Wire<Page, F> {
    urls.to(Fetch)
}

fn main() {}
