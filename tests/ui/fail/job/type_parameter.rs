use job_orch::job;

#[job]
async fn count<T: AsRef<str>>(path: &T) -> usize {
    path.as_ref().len()
}

fn main() {}
