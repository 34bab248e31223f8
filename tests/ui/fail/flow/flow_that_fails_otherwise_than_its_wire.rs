use job_orch::flow::Wire;
use job_orch::{flow, job};

#[job]
async fn parse(text: &String) -> Result<u64, std::num::ParseIntError> {
    text.parse()
}

#[flow]
fn parsed(texts: Wire<String, std::num::ParseIntError>) -> Wire<u64> {
    texts.to(Parse)
}

fn main() {}
