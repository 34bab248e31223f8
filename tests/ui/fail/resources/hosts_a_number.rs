use job_orch::Resources;

#[derive(Resources)]
#[hosts(3)]
struct App;

fn main() {}
