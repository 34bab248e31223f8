use job_orch::job;

#[job]
async fn count(path: &str) -> usize {
    path.len()
}

fn main() {}
