use job_orch::processor;

#[processor(requests())]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
