use job_orch::job;

#[job]
async fn count(paths: &Vec<&str>) -> usize {
    paths.len()
}

fn main() {}
