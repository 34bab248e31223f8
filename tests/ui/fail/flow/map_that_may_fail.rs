use job_orch::flow::{Flow, Wire};
use job_orch::job;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

fn main() {
    let _ = Flow::define("doubled", |texts: Wire<String>| texts.map(|text| text.parse::<u64>()).to(Double));
}
