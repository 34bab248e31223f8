use job_orch::job;

async fn write(_: &String) {}

#[job]
async fn count(path: &String) -> usize {
    let seen = std::rc::Rc::new(path.len());
    write(path).await;
    *seen
}

fn main() {}
