use job_orch::processor;

#[processor(batch(max = 100))]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
