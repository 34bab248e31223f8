use job_orch::job;

#[job]
async fn count(path: &String) -> Result<&str, std::fmt::Error> {
    Ok(path)
}

fn main() {}
