use job_orch::processor;

#[processor(requests(capacity = 10, bytes = "64megs", full = shed))]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
