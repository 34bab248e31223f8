use job_orch::job;

struct Http(std::cell::Cell<u8>);

#[job]
async fn count(path: &String, http: &Http) -> usize {
    path.len() + usize::from(http.0.get())
}

fn main() {}
