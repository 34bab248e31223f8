use job_orch::flow::Wire;
use job_orch::{flow, job};

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[flow]
fn doubled(number: u64) -> Wire<u64> {
    number.to(Double)
}

fn main() {}
