use job_orch::{job, processor};

#[job(timeot = "30s")]
#[processor(worker = 4)]
fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
