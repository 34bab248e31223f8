//! The durable engine beside the limit of the disk: payloads of 200 bytes, nothing acknowledged before it is on the disk.

pub mod peers;
pub mod state;

use std::cell::{LazyCell, RefCell};
use std::path::Path;
use std::time::{Duration, Instant};

use job_orch::channel::{Channels, Envelope, MpSend};
use job_orch::prelude::*;
use job_orch::{Client, Engine};
use tempfile::TempDir;

use crate::reference::log::{Appender, Log};
use crate::table::{Group, Plan, Target, Verdict};
use crate::threads::two;
use peers::Peer;
use state::{Elsewhere, Full};

/// Takes 200 bytes, and does nothing.
#[job]
#[processor(requests = 10_000_000)]
pub async fn nothing(_text: &String) {}

/// 200 bytes as JSON.
fn payload() -> String {
    "x".repeat(198)
}

/// How many, so that a round of so many at once takes about half a second.
const fn count(width: usize) -> usize {
    match width {
        1 => 400,
        16 => 6_000,
        _ => 40_000,
    }
}

/// On the disk that is measured: a folder below this one, not in memory.
fn folder() -> TempDir {
    TempDir::new_in(Path::new(".")).expect("a folder")
}

fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64() / 1e3
}

/// Has `width` tasks do something `count` times altogether; returns thousands a second.
async fn rate<W, F>(width: usize, work: W) -> f64
where
    W: Fn(usize) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let each = count(width) / width;
    let start = Instant::now();
    let tasks: Vec<_> = (0..width).map(|_| tokio::spawn(work(each))).collect();
    for task in tasks {
        task.await.expect("a task ends");
    }
    per_second(each * width, start.elapsed())
}

fn log_rate(width: usize) -> f64 {
    let folder = folder();
    let log = Log::open(folder.path());
    let appender = log.appender();
    two(async move {
        let append = move |each| {
            let appender: Appender = appender.clone();
            async move {
                for _ in 0..each {
                    appender.append(payload().into_bytes()).await;
                }
            }
        };
        rate(width, append).await
    })
}

fn enqueue(width: usize) -> f64 {
    let folder = folder();
    let store = Sqlite::open(folder.path().join("jobs.db")).expect("a store");
    two(async move {
        let channels = Engine::open::<Nothing>(&store, &Nothing::SERVING).await.expect("channels");
        let sender = channels.request_sender();
        let send = move |each| {
            let sender = sender.clone();
            async move {
                for _ in 0..each {
                    sender.send(Envelope::new(payload())).await.expect("it is accepted");
                }
            }
        };
        rate(width, send).await
    })
}

/// Claims, runs, stores the response and settles what was queued before.
fn work(width: usize) -> f64 {
    let folder = folder();
    let store = Sqlite::open(folder.path().join("jobs.db")).expect("a store");
    two(async move {
        let all = count(width);
        let channels = Engine::open::<Nothing>(&store, &Nothing::SERVING).await.expect("channels");
        let mut requests = (0..all).map(|_| Envelope::new(payload())).collect();
        channels.request_sender().send_many(&mut requests).await.expect("all are accepted");
        drop(channels);
        let start = Instant::now();
        let serving = Nothing::SERVING.workers(width);
        let orch = Orchestrator::on(store).host_with(Nothing, serving).start().await.expect("it starts");
        while orch.counts(Nothing).expect("it is hosted").succeeded < all as u64 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let time = start.elapsed();
        orch.shutdown().await.expect("it drains");
        per_second(all, time)
    })
}

/// Microseconds that half of the calls on an idle system take at most.
fn call() -> f64 {
    let folder = folder();
    let store = Sqlite::open(folder.path().join("jobs.db")).expect("a store");
    two(async move {
        let orch = Orchestrator::on(store).host(Nothing).start().await.expect("it starts");
        let client: Client<Nothing, Sqlite> = orch.client(Nothing).expect("it is hosted");
        let mut times = Vec::new();
        for _ in 0..200 {
            let start = Instant::now();
            client.call(payload()).await.expect("it is answered");
            times.push(start.elapsed());
        }
        orch.shutdown().await.expect("it drains");
        middle(times)
    })
}

/// Microseconds that half of the synced appends take at most.
fn sync() -> f64 {
    let folder = folder();
    let log = Log::open(folder.path());
    let appender = log.appender();
    two(async move {
        let mut times = Vec::new();
        for _ in 0..200 {
            let start = Instant::now();
            appender.append(payload().into_bytes()).await;
            times.push(start.elapsed());
        }
        middle(times)
    })
}

fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
}

/// The table.
pub fn table(plan: &Plan, verdict: &mut Verdict) {
    verdict.begin("SQLite: durable, 200 bytes");
    let mut rates = Group::new("k jobs/s");
    rates
        .contender("log, 1", || log_rate(1))
        .contender("log, 16", || log_rate(16))
        .contender("log, 256", || log_rate(256))
        .contender("enqueue, 1", || enqueue(1))
        .contender("enqueue, 16", || enqueue(16))
        .contender("enqueue, 256", || enqueue(256))
        .contender("work, 1", || work(1))
        .contender("work, 16", || work(16))
        .contender("work, 256", || work(256))
        .row("enqueue, 1 sender", "enqueue, 1", "log, 1", Some(Target::AtLeast(0.6, 0.8)))
        .row("enqueue, 16 senders", "enqueue, 16", "log, 16", Some(Target::AtLeast(0.6, 0.85)))
        .row("enqueue, 256 senders", "enqueue, 256", "log, 256", Some(Target::AtLeast(0.45, 0.7)))
        .row("work, 1 in flight", "work, 1", "log, 1", Some(Target::AtLeast(0.45, 0.8)))
        .row("work, 16 in flight", "work, 16", "log, 16", Some(Target::AtLeast(0.4, 0.7)))
        .row("work, 256 in flight", "work, 256", "log, 256", Some(Target::AtLeast(0.2, 0.4)))
        .measure(plan, verdict);
    beside_peers(plan, verdict);
    let mut times = Group::new("us");
    times
        .contender("call", call)
        .contender("fdatasync", sync)
        .row("call, idle, p50", "call", "fdatasync", Some(Target::AtMost(3.5, 2.2)))
        .measure(plan, verdict);
    states(plan, verdict);
}

/// The peers at the same durability, or at their own where they leave no choice.
fn beside_peers(plan: &Plan, verdict: &mut Verdict) {
    let (apalis, effectum) = (RefCell::new(Peer::new("apalis-sqlite")), RefCell::new(Peer::new("effectum")));
    Group::new("k jobs/s")
        .contender("enqueue, 16", || enqueue(16))
        .contender("work, 16", || work(16))
        .contender("apalis, enqueue", || apalis.borrow_mut().rate("enqueue"))
        .contender("apalis, drain", || apalis.borrow_mut().rate("drain"))
        .contender("effectum, enqueue", || effectum.borrow_mut().rate("enqueue"))
        .contender("effectum, drain", || effectum.borrow_mut().rate("drain"))
        .row("peers: enqueue, 16 senders", "enqueue, 16", "apalis, enqueue", Some(Target::AtLeast(15.0, 40.0)))
        .row("peers: drain, 16 at once", "work, 16", "apalis, drain", Some(Target::AtLeast(15.0, 40.0)))
        .row("peers: enqueue, 16 senders", "enqueue, 16", "effectum, enqueue", Some(Target::AtLeast(4.0, 10.0)))
        .row("peers: drain, 16 at once", "work, 16", "effectum, drain", Some(Target::AtLeast(4.0, 10.0)))
        .measure(plan, verdict);
}

/// What a store costs while nothing or much is in it.
fn states(plan: &Plan, verdict: &mut Verdict) {
    let full = LazyCell::new(|| Full::of(1_000_000));
    let small = LazyCell::new(|| Full::of(1_000));
    Group::new("us")
        .contender("claim", || full.claim())
        .contender("claim, 1,000 waiting", || small.claim())
        .row("claim, p99, 1,000,000 waiting", "claim", "claim, 1,000 waiting", Some(Target::AtMost(2.0, 1.2)))
        .measure(plan, verdict);
    Group::new("ms")
        .contender("open", || full.open())
        .figure("open, 1,000,000 waiting", "open", Some(Target::AtMost(1000.0, 100.0)))
        .measure(plan, verdict);
    let mut elsewhere = Elsewhere::default();
    Group::new("ms")
        .contender("wake", || elsewhere.wake())
        .figure("wake-up in another process, p50", "wake", Some(Target::AtMost(5.0, 1.0)))
        .measure(plan, verdict);
    // Long, and steady: once is enough.
    let once = Plan { rounds: 1, only: plan.only.clone() };
    Group::new("%")
        .contender("idle", state::idle)
        .figure("idle worker over 30 s, of a core", "idle", Some(Target::AtMost(0.5, 0.1)))
        .measure(&once, verdict);
    Group::new("bytes")
        .contender("finished", state::bytes_per_finished)
        .figure("file per finished job", "finished", Some(Target::AtMost(30.0, 0.0)))
        .measure(&once, verdict);
}
