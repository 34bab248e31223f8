use job_orch::Resources;

#[derive(Resources)]
#[hosts]
struct App;

fn main() {}
