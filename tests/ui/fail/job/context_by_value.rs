use job_orch::{Context, job};

#[job]
async fn count(path: &String, #[context] _: Context) -> usize {
    path.len()
}

fn main() {}
