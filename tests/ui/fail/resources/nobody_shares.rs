use job_orch::{Resources, job};

struct Http(u64);

#[job]
async fn fetch(url: &String, http: &Http) -> u64 {
    url.len() as u64 + http.0
}

#[derive(Resources)]
#[hosts(Fetch)]
struct App {
    name: String,
}

fn main() {}
