use job_orch::job;

struct Broken;

#[job]
async fn count(path: &String) -> Result<usize, Broken> {
    path.parse().map_err(|_| Broken)
}

fn main() {}
