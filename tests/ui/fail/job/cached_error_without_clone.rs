use job_orch::job;

#[job(cache(errors = "10s"))]
async fn count(path: &String) -> Result<usize, std::io::Error> {
    Ok(path.len())
}

fn main() {}
