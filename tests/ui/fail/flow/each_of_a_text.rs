use job_orch::flow::{Flow, Wire};
use job_orch::job;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

fn main() {
    let _ = Flow::define("doubled", |text: Wire<String>| text.each(|number: Wire<u64>| number.to(Double)));
}
