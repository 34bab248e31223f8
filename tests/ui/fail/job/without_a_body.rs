use job_orch::job;

#[job]
async fn count(path: &String) -> usize;

fn main() {}
