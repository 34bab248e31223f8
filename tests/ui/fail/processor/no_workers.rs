use job_orch::processor;

#[processor(workers = 0)]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
