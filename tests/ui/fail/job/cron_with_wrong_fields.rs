use job_orch::job;

#[job(cron = "60 24 * * MOON", tz = "Europe/Berln", timeout = "soon")]
async fn tidy_up() {}

fn main() {}
