use job_orch::job;

#[job]
async fn count(db: &mut String) -> usize {
    db.len()
}

fn main() {}
