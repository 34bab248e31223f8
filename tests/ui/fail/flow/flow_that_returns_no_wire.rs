use job_orch::flow::Wire;
use job_orch::{flow, job};

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[flow]
fn doubled(numbers: Wire<u64>) -> u64 {
    numbers.to(Double)
}

fn main() {}
