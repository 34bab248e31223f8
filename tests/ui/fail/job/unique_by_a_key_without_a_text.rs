use job_orch::job;

struct Key;

fn key(_: &String) -> Key {
    Key
}

#[job(unique(key = key))]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
