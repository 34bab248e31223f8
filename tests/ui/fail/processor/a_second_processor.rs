use job_orch::processor;

#[processor(workers = 4)]
#[processor(workers = 8)]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
