use job_orch::job;

use std::rc::Rc;

#[job]
async fn count(path: &Rc<String>) -> usize {
    path.len()
}

fn main() {}
