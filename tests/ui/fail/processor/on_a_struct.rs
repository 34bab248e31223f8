use job_orch::processor;

#[processor]
struct Store;

fn main() {}
