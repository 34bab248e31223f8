use job_orch::Resources;

struct Http;

#[derive(Resources)]
struct App {
    #[shared]
    http: Http,
}

fn main() {}
