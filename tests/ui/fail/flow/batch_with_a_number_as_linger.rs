use job_orch::flow::{Flow, Wire};
use job_orch::job;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

fn main() {
    let _ = Flow::define("doubled", |numbers: Wire<Vec<u64>>| {
        numbers.each(|number| number.batch(8, 100, |all| all.each(|number| number.to(Double))))
    });
}
