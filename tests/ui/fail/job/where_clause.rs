use job_orch::job;

#[job]
async fn count(path: &String) -> usize
where
    String: Clone,
{
    path.len()
}

fn main() {}
