use job_orch::job;

#[job(unique(within = "1h"))]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
