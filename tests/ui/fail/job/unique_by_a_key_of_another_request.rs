use job_orch::job;

fn key(number: &u64) -> u64 {
    *number
}

#[job(unique(key = key))]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
