use job_orch::job;

#[job]
async fn count<'a>(path: &'a String) -> usize {
    path.len()
}

fn main() {}
