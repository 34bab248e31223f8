use job_orch::job;

#[job]
async fn count(path: &impl AsRef<str>) -> usize {
    path.as_ref().len()
}

fn main() {}
