//! Counts allocations and bytes: `footprint WHAT THREADS` prints one figure, for the table of `job-orch-benches`.
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

use std::alloc::System;
use std::process::ExitCode;

use job_orch::settings::Serving;
use job_orch_benches::ours::{self, InBatches, Next, Stay};
use job_orch_benches::stream::{self, Feed};
use job_orch_benches::{call, threads};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Jobs before counting, and counted.
const WARM: u64 = 100_000;
const JOBS: u64 = 1_000_000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [what, threads] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] else { return ExitCode::from(2) };
    let figure = match (what, threads) {
        ("stream-allocations", "1") => threads::one(streamed(|client| client)),
        ("stream-allocations", _) => threads::two(streamed(|client| client)),
        ("batch-allocations", "1") => threads::one(streamed(InBatches)),
        ("batch-allocations", _) => threads::two(streamed(InBatches)),
        ("call-allocations", "1") => threads::one(called()),
        ("call-allocations", _) => threads::two(called()),
        ("waiting-bytes", _) => threads::one(waiting()).0,
        ("waiting-peak", _) => threads::one(waiting()).1,
        _ => return ExitCode::from(2),
    };
    println!("{figure}");
    ExitCode::SUCCESS
}

/// Allocations, and growth of what was allocated, since the region began.
fn allocations(region: &Region<'_, System>) -> f64 {
    let change = region.change();
    (change.allocations + change.reallocations) as f64
}

/// Allocations of a streamed job.
async fn streamed<F: Feed>(feed: impl Fn(ours::NextClient) -> F) -> f64 {
    let (orch, client) = ours::host(Next, Serving::DEFAULT).await;
    let (mut feeds, mut listens) = (vec![feed(client.clone())], vec![client.responses()]);
    stream::pass(WARM, &mut feeds, &mut listens).await;
    let region = Region::new(COUNTING);
    stream::pass(JOBS, &mut feeds, &mut listens).await;
    let allocations = allocations(&region);
    orch.shutdown().await.expect("it drains");
    allocations / JOBS as f64
}

/// Allocations of a call.
async fn called() -> f64 {
    let (orch, client) = ours::host(Next, Serving::DEFAULT).await;
    let mut callers = vec![client];
    call::pass(WARM, &mut callers).await;
    let region = Region::new(COUNTING);
    call::pass(JOBS, &mut callers).await;
    let allocations = allocations(&region);
    orch.shutdown().await.expect("it drains");
    allocations / JOBS as f64
}

/// Bytes that each of a million waiting requests costs beside its eight, and what they cost at the worst moment.
async fn waiting() -> (f64, f64) {
    let (orch, client) = ours::host(Stay, Serving::DEFAULT.requests(1 << 20)).await;
    // One request keeps the worker.
    client.send(0).await.expect("it is served");
    tokio::task::yield_now().await;
    let region = Region::new(COUNTING);
    let mut peak = 0;
    for number in 0..JOBS {
        client.send(number).await.expect("there is room");
        peak = peak.max(live(&region));
    }
    let kept = live(&region);
    assert_eq!(client.waiting().await.expect("it counts"), JOBS);
    drop(orch);
    let each = |bytes: i64| bytes as f64 / JOBS as f64 - size_of::<u64>() as f64;
    (each(kept), each(peak))
}

/// Bytes that are held since the region began.
fn live(region: &Region<'_, System>) -> i64 {
    let change = region.change();
    change.bytes_allocated as i64 - change.bytes_deallocated as i64
}
