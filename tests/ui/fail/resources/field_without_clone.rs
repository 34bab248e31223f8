use job_orch::Resources;

struct Db;

#[derive(Resources)]
struct App {
    db: Db,
}

fn main() {}
