use job_orch::job;

#[job]
async fn count(path: &String, #[cfg(unix)] db: &mut u8) -> usize {
    path.len() + usize::from(*db)
}

fn main() {}
