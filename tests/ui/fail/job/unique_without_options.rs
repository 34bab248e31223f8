use job_orch::{Job, job};

#[job(unique)]
async fn count(path: &String) -> usize {
    path.len()
}

fn host(_: impl Job<Request = String, Response = usize>) {}

fn main() {
    host(Count);
}
