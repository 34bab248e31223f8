use job_orch::processor;

#[processor(queue = "two words")]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
