use job_orch::Resources;

#[derive(Resources)]
struct App {
    primary: String,
    replica: String,
}

fn main() {}
