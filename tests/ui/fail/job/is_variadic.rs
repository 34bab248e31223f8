use job_orch::job;

#[job]
async unsafe extern "C" fn count(path: &u64, _: ...) -> u64 {
    *path
}

fn main() {}
