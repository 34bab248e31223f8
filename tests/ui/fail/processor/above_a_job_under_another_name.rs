use job_orch::job as make;
use job_orch::processor;

#[processor(workers = 4)]
#[make(timeout = "30s")]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
