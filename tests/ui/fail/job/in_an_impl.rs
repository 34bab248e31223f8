use job_orch::job;

struct Files;

impl Files {
    #[job]
    async fn count(path: &String) -> usize {
        path.len()
    }
}

fn main() {}
