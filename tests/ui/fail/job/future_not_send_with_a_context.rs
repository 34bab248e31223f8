use job_orch::{Context, job};

async fn write(_: &String) {}

#[job]
async fn count(path: &String, #[context] _: &Context) -> usize {
    let seen = std::rc::Rc::new(path.len());
    write(path).await;
    *seen
}

fn main() {}
