use job_orch::job;

struct Count;

#[job]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
