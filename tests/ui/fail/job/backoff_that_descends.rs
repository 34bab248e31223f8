use job_orch::{Job, job};

#[job(retry(max = 3, backoff = "5s..100ms"))]
async fn count(path: &String) -> usize {
    path.len()
}

fn host(_: impl Job<Request = String, Response = usize>) {}

fn main() {
    host(Count);
}
