//! For development: how one change moves one path. `cargo bench -p job-orch-benches`; targets are in the program
//! `job-orch-benches`.
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on stops")]
#![allow(missing_docs, reason = "criterion writes the functions")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use job_orch::settings::Serving;
use job_orch_benches::call::Caller;
use job_orch_benches::ours::{self, InBatches, Next, NextCached};
use job_orch_benches::stream::{Feed, pass};
use tokio::runtime::Runtime;

const JOBS: u64 = 10_000;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime")
}

/// A stream to so many receivers.
fn stream<F: Feed>(c: &mut Criterion, name: &str, receivers: usize, feed: impl Fn(ours::NextClient) -> F) {
    let runtime = runtime();
    let (_orch, client) = runtime.block_on(ours::host(Next, Serving::DEFAULT));
    let mut ends = (vec![feed(client.clone())], (0..receivers).map(|_| client.responses()).collect());
    let mut group = c.benchmark_group("stream");
    group.throughput(Throughput::Elements(JOBS));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let (mut feeds, mut listens) = std::mem::take(&mut ends);
            ends = runtime.block_on(async {
                pass(JOBS, &mut feeds, &mut listens).await;
                (feeds, listens)
            });
        });
    });
}

fn streams(c: &mut Criterion) {
    stream(c, "send", 1, |client| client);
    stream(c, "send_many", 1, InBatches);
    stream(c, "broadcast to 8", 8, |client| client);
}

fn calls(c: &mut Criterion) {
    let runtime = runtime();
    let (_orch, client) = runtime.block_on(ours::host(Next, Serving::DEFAULT));
    let (_cached, hot) = runtime.block_on(ours::host(NextCached, Serving::DEFAULT));
    let mut group = c.benchmark_group("call");
    group.bench_function("uncached", |bencher| {
        bencher.to_async(&runtime).iter_custom(|times| timed(client.clone(), times));
    });
    group.bench_function("hit", |bencher| {
        bencher.to_async(&runtime).iter_custom(|times| timed(hot.clone(), times));
    });
}

/// So many calls of one client, which is a task of the runtime's as in a service.
async fn timed(mut client: impl Caller, times: u64) -> std::time::Duration {
    let asking = tokio::spawn(async move {
        let start = std::time::Instant::now();
        for _ in 0..times {
            client.ask(1).await;
        }
        start.elapsed()
    });
    asking.await.expect("the client ends")
}

criterion_group!(jobs, streams, calls);
criterion_main!(jobs);
