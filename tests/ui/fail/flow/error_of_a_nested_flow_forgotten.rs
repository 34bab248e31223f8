use job_orch::flow::{Flow, Wire};
use job_orch::{flow, job};

#[job]
async fn parse(text: &String) -> Result<u64, std::num::ParseIntError> {
    text.parse()
}

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[flow]
fn doubled(texts: Wire<String, std::num::ParseIntError>) -> Wire<u64, std::num::ParseIntError> {
    texts.to(Parse).to(Double)
}

fn main() {
    let _ = Flow::define("doubled", |texts: Wire<String, std::num::ParseIntError>| texts.to(Doubled));
}
