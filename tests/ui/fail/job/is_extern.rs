use job_orch::job;

#[job]
async extern "C" fn count(path: &u64) -> u64 {
    *path
}

fn main() {}
