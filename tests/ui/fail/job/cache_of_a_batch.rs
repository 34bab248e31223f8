use job_orch::job;

#[job(cache)]
async fn count(paths: &[String]) -> Vec<usize> {
    paths.iter().map(String::len).collect()
}

fn main() {}
