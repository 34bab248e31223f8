use job_orch::job;

#[job]
async fn count(path: &String) -> &str {
    path
}

fn main() {}
