use job_orch::job;

#[job(cron = "0 3 * * *", missed = al, overlap = never)]
async fn tidy_up() {}

fn main() {}
