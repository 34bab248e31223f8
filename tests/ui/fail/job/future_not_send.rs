use job_orch::job;

async fn write(_: &String) {}

#[job]
async fn count(path: &String) -> Result<usize, std::fmt::Error> {
    let seen = std::rc::Rc::new(path.len());
    write(path).await;
    Ok(*seen)
}

fn main() {}
