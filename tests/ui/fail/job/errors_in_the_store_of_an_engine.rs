use job_orch::{Job, job};

#[job(cache(store = engine, errors = "10s"))]
async fn count(number: &u64) -> Result<u64, std::fmt::Error> {
    Ok(*number)
}

fn host(_: impl Job<Request = u64, Response = u64>) {}

fn main() {
    host(Count);
}
