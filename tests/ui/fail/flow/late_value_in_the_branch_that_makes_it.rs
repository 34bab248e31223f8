use job_orch::flow::{Flow, Wire};
use job_orch::job;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[job]
async fn add(pair: &(u64, u64)) -> u64 {
    pair.0 + pair.1
}

fn main() {
    let _ = Flow::define("added", |numbers: Wire<u64>| {
        numbers.share(
            |number| number.to(Double).with(late).to(Add),
            |doubled| doubled,
            |number, late| number.with(late).to(Add),
        )
    });
}
