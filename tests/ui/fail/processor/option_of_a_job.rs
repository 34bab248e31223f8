use job_orch::processor;

#[processor(timeout = "30s")]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
