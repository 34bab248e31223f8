use job_orch::job;

#[job(cron = "0 0 30 2 *")]
async fn tidy_up() {}

fn main() {}
