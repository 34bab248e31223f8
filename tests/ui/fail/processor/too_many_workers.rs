use job_orch::processor;

#[processor(workers = 5000)]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
