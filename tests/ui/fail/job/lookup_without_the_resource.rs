use job_orch::job;

async fn find(_: &String) -> Option<usize> {
    None
}

#[job(cache(with = find))]
async fn count(path: &String, db: &mut u8) -> usize {
    path.len() + usize::from(*db)
}

fn main() {}
