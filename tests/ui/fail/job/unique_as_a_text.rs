use job_orch::job;

#[job(unique = "path")]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
