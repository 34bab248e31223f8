use job_orch::processor;

#[processor]
fn store(total: &u64) -> u64 {
    *total
}

fn main() {}
