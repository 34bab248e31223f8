use job_orch::flow::Wire;
use job_orch::{flow, job};

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[flow(workers = 4, retry(max = 5000), at_once = 0)]
fn doubled(numbers: Wire<u64>) -> Wire<u64> {
    numbers.to(Double)
}

fn main() {}
