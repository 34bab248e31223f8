use job_orch::{Resources, job};

#[job]
async fn tick() {}

#[derive(Resources)]
#[hosts(Tick, Tick)]
struct App;

fn main() {}
