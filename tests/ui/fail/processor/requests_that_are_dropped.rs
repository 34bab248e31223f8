use job_orch::processor;

#[processor(requests(capacity = 10, full = drop_oldest))]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
