use job_orch::job;

#[job(unique(key = str::len, within = "1h", while_waiting))]
async fn count(path: &String) -> usize {
    path.len()
}

fn main() {}
