use job_orch::flow::{Flow, Wire};
use job_orch::job;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

fn main() {
    let mut seen = 0;
    let _ = Flow::define("counted", |numbers: Wire<u64>| {
        numbers.map(move |number| {
            seen += 1;
            number + seen
        })
    });
}
