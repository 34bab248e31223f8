use job_orch::job;

#[job]
#[job]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
