use job_orch::Resources;

#[derive(Resources)]
enum App {
    Db(String),
}

fn main() {}
