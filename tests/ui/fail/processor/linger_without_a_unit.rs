use job_orch::processor;

#[processor(batch(max = 10, linger = "5"))]
async fn store(totals: &[u64]) -> Vec<u64> {
    totals.to_vec()
}

fn main() {}
