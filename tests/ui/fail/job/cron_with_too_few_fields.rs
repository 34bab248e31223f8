use job_orch::job;

#[job(cron = "0 3 * *")]
async fn tidy_up() {}

fn main() {}
