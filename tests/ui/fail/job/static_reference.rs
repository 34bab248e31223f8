use job_orch::job;

#[job]
async fn count(path: &'static String) -> usize {
    path.len()
}

fn main() {}
