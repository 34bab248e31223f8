use job_orch::Resources;

type Db = String;

#[derive(Resources)]
struct App {
    primary: Db,
    replica: String,
}

fn main() {}
