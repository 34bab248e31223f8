use job_orch::flow;

#[flow]
struct Titles;

fn main() {}
