use job_orch::job;

#[job]
async fn count<const N: usize>(paths: &[String; N]) -> usize {
    paths.len()
}

fn main() {}
