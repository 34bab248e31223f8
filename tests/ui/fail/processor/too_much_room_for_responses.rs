use job_orch::processor;

#[processor(responses = 16777217)]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
