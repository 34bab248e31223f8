//! Counts allocations and bytes: `footprint WHAT THREADS` prints one figure, for the table of `job-orch-benches`.
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

use std::alloc::System;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use job_orch::settings::Serving;
use job_orch_benches::ours::{self, InBatches, Next, Stay};
use job_orch_benches::stream::{self, Feed};
use job_orch_benches::{call, flow, service, threads};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Jobs before counting, and counted.
const WARM: u64 = 100_000;
const JOBS: u64 = 1_000_000;

const MIB: f64 = 1024.0 * 1024.0;

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
        ("each-heap", _) => threads::two(each_heap()),
        ("each-resident", _) => threads::two(each_resident()),
        ("subscribers-resident", _) => threads::two_with_io(subscribers_resident()),
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

/// MiB that an `each` holds at its worst moment beside its output. It is looked at whenever a part is asked for.
async fn each_heap() -> f64 {
    let orch = flow::host().await;
    let flow = flow::each();
    let (region, peak) = (Arc::new(Region::new(COUNTING)), Arc::new(AtomicI64::new(0)));
    let (looked_at, highest) = (Arc::clone(&region), Arc::clone(&peak));
    let numbers = (0..JOBS).inspect(move |_| {
        highest.fetch_max(live(&looked_at), Relaxed);
    });
    let output = orch.run(&flow, numbers).await.expect("it cannot fail");
    let over = peak.load(Relaxed).max(live(&region)) - size_of_val(&output[..]) as i64;
    assert_eq!(output.iter().sum::<u64>(), JOBS * (JOBS + 1) / 2);
    orch.shutdown().await.expect("it drains");
    over as f64 / MIB
}

/// MiB that the process holds at its worst moment, over what it held before, beside the output.
async fn each_resident() -> f64 {
    let orch = flow::host().await;
    let flow = flow::each();
    let before = status("VmRSS:");
    let output = orch.run(&flow, 0..JOBS).await.expect("it cannot fail");
    let over = status("VmHWM:") - before - size_of_val(&output[..]) as f64;
    assert_eq!(output.iter().sum::<u64>(), JOBS * (JOBS + 1) / 2);
    orch.shutdown().await.expect("it drains");
    over / MIB
}

/// MiB that many subscribers to one process cost at the worst moment, over one copy of what they read.
async fn subscribers_resident() -> f64 {
    let before = status("VmRSS:");
    service::subscribers(move || status("VmHWM:") - before).await / MIB
}

/// Bytes that Linux says of this process.
fn status(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field of Linux");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
}

/// Bytes that are held since the region began.
fn live(region: &Region<'_, System>) -> i64 {
    let change = region.change();
    change.bytes_allocated as i64 - change.bytes_deallocated as i64
}
