use job_orch::job;

#[job(tz = "Europe/Berlin", missed = all, overlap = skip)]
async fn tidy_up() {}

fn main() {}
