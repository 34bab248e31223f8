use job_orch::job;

#[job]
const fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
