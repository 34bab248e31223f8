use job_orch::job;
use job_orch::job as make;

#[job]
#[make]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
