use job_orch::job;

struct Files;

#[job]
impl Files {}

fn main() {}
