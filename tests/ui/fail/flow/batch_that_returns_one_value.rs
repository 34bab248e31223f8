use job_orch::flow::{Flow, Wire};
use job_orch::job;

#[job]
async fn sum(numbers: &Vec<u64>) -> u64 {
    numbers.iter().sum()
}

fn main() {
    let _ = Flow::define("sums", |numbers: Wire<Vec<u64>>| {
        numbers.each(|number| number.batch(8, "100ms", |all| all.to(Sum)))
    });
}
