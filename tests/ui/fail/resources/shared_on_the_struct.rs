use job_orch::Resources;

#[derive(Resources)]
#[shared]
struct App {
    db: String,
}

fn main() {}
