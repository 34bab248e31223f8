use job_orch::job;

#[job]
#[allow(non_snake_case)]
async fn Count(path: &String) -> usize {
    path.len()
}

fn main() {}
