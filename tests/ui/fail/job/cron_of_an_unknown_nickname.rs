use job_orch::job;

#[job(cron = "@dayly")]
async fn tidy_up() {}

fn main() {}
