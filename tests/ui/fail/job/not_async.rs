use job_orch::{Job, job};

#[job]
fn count(path: &String) -> usize {
    path.len()
}

fn host(_: impl Job<Request = String, Response = usize>) {}

fn main() {
    // The job type is there, so this is no second mistake.
    host(Count);
}
