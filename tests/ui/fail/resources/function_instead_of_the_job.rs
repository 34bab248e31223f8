use job_orch::{Resources, job};

#[job]
async fn tick() {}

#[derive(Resources)]
#[hosts(tick)]
struct App;

fn main() {}
