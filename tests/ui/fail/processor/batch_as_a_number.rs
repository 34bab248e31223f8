use job_orch::processor;

#[processor(batch = 100)]
async fn store(totals: &[u64]) -> Vec<u64> {
    totals.to_vec()
}

fn main() {}
