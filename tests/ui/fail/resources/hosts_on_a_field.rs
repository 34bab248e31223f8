use job_orch::Resources;

#[derive(Resources)]
struct App {
    #[hosts(Count)]
    db: String,
}

fn main() {}
