use job_orch::job;

#[job]
async unsafe fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
