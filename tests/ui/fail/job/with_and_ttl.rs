use job_orch::{Job, job};

#[job(cache(with = find, ttl = "1h", capacity = 10))]
async fn count(path: &String) -> usize {
    path.len()
}

fn host(_: impl Job<Request = String, Response = usize>) {}

fn main() {
    host(Count);
}
