use job_orch::Resources;

struct Count;

#[derive(Resources)]
#[hosts(Count)]
struct App;

fn main() {}
