use job_orch::job;

async fn write(_: &String) {}

#[job]
async fn count(paths: &[String]) -> Vec<usize> {
    let seen = std::rc::Rc::new(paths.len());
    write(&paths[0]).await;
    vec![*seen]
}

fn main() {}
