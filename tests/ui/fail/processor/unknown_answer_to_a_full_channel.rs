use job_orch::processor;

#[processor(responses(full = drop_newest))]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
