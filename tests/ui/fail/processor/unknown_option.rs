use job_orch::processor;

#[processor(worker = 4)]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
