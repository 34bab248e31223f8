use job_orch::{Resources, job};

#[job]
async fn tick() {}

use self::Tick as Tock;

#[derive(Resources)]
#[hosts(Tick, Tock)]
struct App;

fn main() {}
