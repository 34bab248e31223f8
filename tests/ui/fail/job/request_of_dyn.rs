use job_orch::job;

#[job]
async fn count(path: &dyn AsRef<str>) -> usize {
    path.as_ref().len()
}

fn main() {}
