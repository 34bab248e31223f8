use job_orch::flow::{Flow, Wire};
use job_orch::job;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

fn main() {
    let _ = Flow::define("doubled", |numbers: Wire<u64>| {
        for _ in 0..3 {
            numbers.to(Double);
        }
        numbers
    });
}
