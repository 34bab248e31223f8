use job_orch::flow::{Flow, Wire};
use job_orch::job;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

fn main() {
    let twice = Flow::define("twice", |number: Wire<u64>| number.to(Double).to(Double));
    let _ = Flow::define("doubled", |numbers: Wire<u64>| numbers.to(twice));
}
