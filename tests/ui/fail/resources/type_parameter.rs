use job_orch::Resources;

#[derive(Resources)]
struct App<T> {
    db: T,
}

fn main() {}
