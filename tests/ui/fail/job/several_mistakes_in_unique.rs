use job_orch::job;

fn key(path: &str) -> &str {
    path
}

#[job(unique(key = key, key = "all", within = "1 hour", while_waiting = true, even_ded))]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
