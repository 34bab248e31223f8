use job_orch::processor;

#[processor(requests(size = 10))]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
