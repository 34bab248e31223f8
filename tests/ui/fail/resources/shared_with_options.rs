use job_orch::Resources;

use std::sync::Arc;

struct Http;

#[derive(Resources)]
struct App {
    #[shared(all)]
    http: Arc<Http>,
}

fn main() {}
