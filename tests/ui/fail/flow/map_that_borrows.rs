use job_orch::flow::{Flow, Wire};
use job_orch::job;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

fn main() {
    let offset = 3;
    let _ = Flow::define("moved", |numbers: Wire<u64>| numbers.map(|number| number + offset).to(Double));
}
