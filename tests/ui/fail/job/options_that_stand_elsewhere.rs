use job_orch::{job, processor};

#[job(workers = 4, ttl = "1h", key = by_total, max = 3)]
#[processor(timeout = "30s", capacity = 10, bytes = "1MiB", linger = "5ms")]
async fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
