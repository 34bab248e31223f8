use job_orch::job;

struct Page(String);

#[job(cache)]
async fn fetch(url: &String) -> Result<Page, std::fmt::Error> {
    Ok(Page(url.clone()))
}

fn main() {}
