use job_orch::job;

#[job]
async fn count(path: &String, depth: u8) -> usize {
    path.len() + usize::from(depth)
}

fn main() {}
