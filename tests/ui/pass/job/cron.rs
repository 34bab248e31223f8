//! Every form of a schedule, and every request that a tick makes.

use job_orch::cron::{FromTick, Missed, Overlap, Tick};
use job_orch::{Context, Run, flow, job, processor};

#[job(cron = "0 3 * * *", tz = "Europe/Berlin", missed = all, overlap = allow)]
async fn none() {}

#[job(cron = "@hourly", missed = skip, overlap = skip)]
#[processor(workers = 2)]
async fn by_value(tick: Tick, #[context] context: &Context) -> u64 {
    let _ = context;
    tick.missed
}

#[job(cron = "*/5 * * * * *", missed = once)]
async fn in_batches(ticks: &[Tick]) -> Vec<u64> {
    ticks.iter().map(|tick| tick.missed).collect()
}

struct Mine(u64);

impl FromTick for Mine {
    fn from_tick(tick: Tick) -> Self {
        Self(tick.missed)
    }
}

#[job(cron = "0 6 1-7 JAN,JUL MON")]
async fn of_ones_own(mine: &Mine) -> u64 {
    mine.0
}

#[flow(cron = "@daily")]
fn whole(ticks: job_orch::flow::Wire<Tick>) -> job_orch::flow::Wire<u64> {
    ticks.to(ByValue)
}

fn main() {
    let cron = None::CRON.expect("it has one");
    assert_eq!((cron.expression, cron.zone), ("0 3 * * *", "Europe/Berlin"));
    assert_eq!((cron.missed, cron.overlap), (Missed::All, Overlap::Allow));
    assert!(InBatches::CRON.is_some() && OfOnesOwn::CRON.is_some() && Whole::CRON.is_some());
}
