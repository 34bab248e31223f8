use job_orch::{Resources, job};

#[job]
async fn tick() {}

#[job]
async fn tock() {}

#[derive(Resources)]
#[hosts(Tick)]
#[hosts(Tock)]
struct App;

fn main() {}
