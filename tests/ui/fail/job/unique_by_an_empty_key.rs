use job_orch::job;

#[job(unique(key = ""))]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
