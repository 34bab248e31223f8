use job_orch::job;

#[job]
async fn count(paths: &[String]) -> Result<Vec<usize>, std::io::Error> {
    Ok(paths.iter().map(String::len).collect())
}

fn main() {}
