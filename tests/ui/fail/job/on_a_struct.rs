use job_orch::job;

#[job]
struct Count;

fn main() {}
