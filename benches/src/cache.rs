//! Table D: a cached call that hits, beside caches alone.

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use job_orch::settings::Serving;

use crate::ours::{self, NextCached, NextSlowly};
use crate::table::{Group, Plan, Target, Verdict};
use crate::threads::{one, two};

/// Keys in the cache, and those that are asked for.
const KEYS: u64 = 4096;
const HOT: u64 = 1024;

/// Answers of each task.
const HITS: u64 = 1_000_000;

/// Something to ask for the answer to a key.
trait Ask: Send + Sync + 'static {
    fn ask(&self, key: u64) -> impl Future<Output = u64> + Send;
}

struct OneByOne<F>(F);

impl<F: Fn(u64) -> u64 + Send + Sync + 'static> Ask for OneByOne<F> {
    async fn ask(&self, key: u64) -> u64 {
        (self.0)(key)
    }
}

struct Ours(job_orch::Client<NextCached, job_orch::engine::memory::Memory>);

impl Ask for Ours {
    async fn ask(&self, key: u64) -> u64 {
        self.0.call(key).await.expect("it is answered")
    }
}

struct MokaFuture(moka::future::Cache<u64, u64>);

impl Ask for MokaFuture {
    async fn ask(&self, key: u64) -> u64 {
        self.0.get_with(key, async move { key + 1 }).await
    }
}

/// Nanoseconds an answer, with so many tasks that ask.
async fn hits(tasks: usize, cache: impl Ask) -> f64 {
    for key in 0..KEYS {
        cache.ask(key).await;
    }
    let cache = Arc::new(cache);
    let start = Instant::now();
    let asking: Vec<_> = (0..tasks as u64).map(|task| tokio::spawn(ask(Arc::clone(&cache), task * 7))).collect();
    for task in asking {
        task.await.expect("a task ends");
    }
    start.elapsed().as_nanos() as f64 / HITS as f64
}

async fn ask<A: Ask>(cache: Arc<A>, from: u64) {
    for turn in from..from + HITS {
        // An odd step visits all hot keys, none twice in a row.
        let key = (turn * 389) % HOT;
        assert_eq!(black_box(cache.ask(black_box(key)).await), key + 1);
    }
}

async fn ours_hits(tasks: usize) -> f64 {
    let (orch, client) = ours::host(NextCached, Serving::DEFAULT).await;
    let time = hits(tasks, Ours(client)).await;
    orch.shutdown().await.expect("it drains");
    time
}

async fn quick_hits(tasks: usize) -> f64 {
    let cache = quick_cache::sync::Cache::<u64, u64>::new(10_000);
    (0..KEYS).for_each(|key| cache.insert(key, key + 1));
    hits(tasks, OneByOne(move |key| cache.get(&key).unwrap_or_default())).await
}

async fn moka_hits(tasks: usize) -> f64 {
    let cache = moka::sync::Cache::<u64, u64>::new(10_000);
    (0..KEYS).for_each(|key| cache.insert(key, key + 1));
    hits(tasks, OneByOne(move |key| cache.get(&key).unwrap_or_default())).await
}

async fn moka_future_hits(tasks: usize) -> f64 {
    hits(tasks, MokaFuture(moka::future::Cache::new(10_000))).await
}

/// How often a job runs for eight calls of one key at the same time.
async fn runs_of_eight() -> f64 {
    let (orch, client) = ours::host(NextSlowly, Serving::DEFAULT.workers(8)).await;
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.call(1).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("a call ends").expect("it is answered"), 2);
    }
    orch.shutdown().await.expect("it drains");
    client.counts().attempts as f64
}

/// Measures and prints the table.
pub fn table(plan: &Plan, verdict: &mut Verdict) {
    verdict.begin("D. cache: nanoseconds an answer at each task; 1,024 hot keys of 4,096");
    for (name, tasks) in [("cached call, one thread", 1), ("cached call, two threads", 2)] {
        let threads = move |of: usize| of == tasks;
        Group::new("ns")
            .contender("ours", move || if threads(1) { one(ours_hits(1)) } else { two(ours_hits(2)) })
            .contender("quick_cache get", move || if threads(1) { one(quick_hits(1)) } else { two(quick_hits(2)) })
            .contender("moka sync get", move || if threads(1) { one(moka_hits(1)) } else { two(moka_hits(2)) })
            .contender("moka future get_with", move || {
                if threads(1) { one(moka_future_hits(1)) } else { two(moka_future_hits(2)) }
            })
            .row(name, "ours", "quick_cache get", None)
            .row(name, "ours", "moka sync get", None)
            .row(name, "ours", "moka future get_with", None)
            .measure(plan, verdict);
    }
    Group::new("runs")
        .contender("ours", || two(runs_of_eight()))
        .figure("cached runs for 8 equal calls", "ours", Some(Target::AtMost(1.0, 1.0)))
        .measure(plan, verdict);
}
