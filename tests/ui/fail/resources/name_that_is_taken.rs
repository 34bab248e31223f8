use job_orch::{Resources, job};

#[job]
async fn tick() {}

#[job(name = "tick")]
async fn tock() {}

#[derive(Resources)]
#[hosts(Tick, Tock)]
struct App;

fn main() {}
