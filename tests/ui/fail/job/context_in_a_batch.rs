use job_orch::{Context, job};

#[job]
async fn count(paths: &[String], #[context] _: &Context) -> Vec<usize> {
    vec![paths.len()]
}

fn main() {}
