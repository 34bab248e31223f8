use job_orch::job;

#[job]
async fn count(path: &String) -> impl Clone {
    path.len()
}

fn main() {}
