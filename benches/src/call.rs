//! Table B: each client waits for its own answer.

use std::future::Future;
use std::time::Instant;

use job_orch::settings::Serving;

use crate::ours::{self, Next, NextCached};
use crate::reference::{actors, apalis, call as by_hand};
use crate::table::{Group, Plan, Target, Verdict};
use crate::threads::{one, two};

/// One client.
pub trait Caller: Send + 'static {
    /// Asks for the number after this one, and waits for it.
    fn ask(&mut self, number: u64) -> impl Future<Output = u64> + Send;
}

/// Million answers a second that all clients together got, after a tenth more to get warm.
pub async fn rate<C: Caller>(calls: u64, mut callers: Vec<C>) -> f64 {
    let each = (calls / callers.len() as u64).max(1);
    pass(each.div_ceil(10), &mut callers).await;
    let start = Instant::now();
    pass(each, &mut callers).await;
    (each * callers.len() as u64) as f64 / start.elapsed().as_secs_f64() / 1e6
}

/// Lets each client make so many calls.
pub async fn pass<C: Caller>(each: u64, callers: &mut Vec<C>) {
    let asking: Vec<_> = callers.drain(..).map(|caller| tokio::spawn(ask(each, caller))).collect();
    for task in asking {
        callers.push(task.await.expect("a client ends"));
    }
}

async fn ask<C: Caller>(calls: u64, mut caller: C) -> C {
    for number in 0..calls {
        assert_eq!(caller.ask(number).await, number + 1);
    }
    caller
}

/// Nanoseconds that half of the calls take at most, and 99 % of them.
async fn latency<C: Caller>(calls: u64, caller: C) -> [f64; 2] {
    let mut caller = ask(calls / 10, caller).await;
    let mut times = Vec::with_capacity(calls as usize);
    for number in 0..calls {
        let start = Instant::now();
        let answer = caller.ask(number).await;
        times.push(start.elapsed().as_nanos() as f64);
        assert_eq!(answer, number + 1);
    }
    times.sort_unstable_by(f64::total_cmp);
    [times[times.len() / 2], times[times.len() * 99 / 100]]
}

async fn ours(clients: usize, requests: usize, calls: u64) -> f64 {
    let (orch, client) = ours::host(Next, Serving::DEFAULT.requests(requests)).await;
    let rate = rate(calls, vec![client; clients]).await;
    orch.shutdown().await.expect("it drains");
    rate
}

async fn ours_latency(calls: u64) -> [f64; 2] {
    let (orch, client) = ours::host(Next, Serving::DEFAULT).await;
    let times = latency(calls, client).await;
    orch.shutdown().await.expect("it drains");
    times
}

/// One client whose every call is a hit.
async fn hits(calls: u64) -> f64 {
    let (orch, mut client) = ours::host(NextCached, Serving::DEFAULT).await;
    pass_hot(&mut client).await;
    let rate = tokio::spawn(async move {
        let start = Instant::now();
        for number in 0..calls {
            assert_eq!(client.ask(number % HOT).await, number % HOT + 1);
        }
        calls as f64 / start.elapsed().as_secs_f64() / 1e6
    });
    let rate = rate.await.expect("a client ends");
    orch.shutdown().await.expect("it drains");
    rate
}

/// Keys that are asked for again and again.
const HOT: u64 = 1024;

async fn pass_hot<C: Caller>(caller: &mut C) {
    for number in 0..HOT {
        assert_eq!(caller.ask(number).await, number + 1);
    }
}

async fn by_tokio(clients: usize, capacity: usize, calls: u64) -> f64 {
    rate(calls, vec![by_hand::tokio(capacity); clients]).await
}

/// Measures and prints the table.
pub fn table(plan: &Plan, verdict: &mut Verdict) {
    verdict.begin(
        "B. call: each client waits for its own answer; million answers a second of all clients, or nanoseconds",
    );
    one_client(plan, verdict);
    many_clients(plan, verdict);
    latencies(plan, verdict);
    waiters(plan, verdict);
}

fn one_client(plan: &Plan, verdict: &mut Verdict) {
    let calls = 300_000;
    Group::new("M/s")
        .contender("ours", move || two(ours(1, 1024, calls)))
        .contender("tokio", move || two(by_tokio(1, 1024, calls)))
        .contender("kameo ask", move || two(async move { rate(calls, vec![actors::kameo(1024)]).await }))
        .contender("ractor call", move || two(async move { rate(calls, vec![actors::ractor().await]).await }))
        .contender("apalis and oneshot", move || two(async move { rate(calls, vec![apalis::call()]).await }))
        .contender("crossfire and oneshot", move || {
            two(async move { rate(calls, vec![by_hand::crossfire(1024)]).await })
        })
        .contender("ours, a hit", move || two(hits(3_000_000)))
        .row("call 1 client", "ours", "tokio", Some(Target::AtLeast(0.9, 1.0)))
        .row("call 1 client, peer", "ours", "kameo ask", Some(Target::AtLeast(1.5, 2.0)))
        .row("call 1 client, peer", "ours", "ractor call", Some(Target::AtLeast(1.5, 2.0)))
        .row("call 1 client, peer", "ours", "apalis and oneshot", None)
        .row("call 1 client, other", "ours", "crossfire and oneshot", None)
        .row("call 1 client, cached", "ours, a hit", "ours", Some(Target::AtLeast(4.0, 10.0)))
        .measure(plan, verdict);
    Group::new("M/s")
        .contender("ours", move || one(ours(1, 1024, calls)))
        .contender("tokio", move || one(by_tokio(1, 1024, calls)))
        .row("call 1 client, one thread", "ours", "tokio", None)
        .measure(plan, verdict);
}

fn many_clients(plan: &Plan, verdict: &mut Verdict) {
    let calls = 640_000;
    Group::new("M/s")
        .contender("ours", move || two(ours(64, 1024, calls)))
        .contender("tokio", move || two(by_tokio(64, 1024, calls)))
        .contender("kameo ask", move || two(async move { rate(calls, vec![actors::kameo(1024); 64]).await }))
        .contender("ractor call", move || two(async move { rate(calls, vec![actors::ractor().await; 64]).await }))
        .contender("apalis and oneshot", move || two(async move { rate(calls / 4, vec![apalis::call(); 64]).await }))
        .contender("crossfire and oneshot", move || {
            two(async move { rate(calls, vec![by_hand::crossfire(1024); 64]).await })
        })
        .row("call 64 clients", "ours", "tokio", Some(Target::AtLeast(0.9, 1.3)))
        .row("call 64 clients, peer", "ours", "kameo ask", Some(Target::AtLeast(1.5, 2.0)))
        .row("call 64 clients, peer", "ours", "ractor call", Some(Target::AtLeast(1.5, 2.0)))
        .row("call 64 clients, peer", "ours", "apalis and oneshot", None)
        .row("call 64 clients, other", "ours", "crossfire and oneshot", None)
        .measure(plan, verdict);
}

fn latencies(plan: &Plan, verdict: &mut Verdict) {
    let calls = 200_000;
    let by_hand = |share: usize| move || two(async move { latency(calls, by_hand::tokio(1024)).await })[share];
    Group::new("ns")
        .contender("ours, half", move || two(ours_latency(calls))[0])
        .contender("tokio, half", by_hand(0))
        .contender("ours, 99 %", move || two(ours_latency(calls))[1])
        .contender("tokio, 99 %", by_hand(1))
        .row("call p50", "ours, half", "tokio, half", Some(Target::AtMost(1.15, 1.0)))
        .row("call p99", "ours, 99 %", "tokio, 99 %", None)
        .measure(plan, verdict);
}

fn waiters(plan: &Plan, verdict: &mut Verdict) {
    for (name, waiters) in [("call 10 waiters", 10), ("call 1,000 waiters", 1_000), ("call 10,000 waiters", 10_000)] {
        // Room for all of them, so that each waits for its answer and none for room.
        let (room, calls) = (16_384, 500_000);
        Group::new("M/s")
            .contender("ours", move || two(ours(waiters, room, calls)))
            .contender("tokio", move || two(by_tokio(waiters, room, calls)))
            .row(name, "ours", "tokio", Some(Target::AtLeast(0.85, 1.2)))
            .measure(plan, verdict);
    }
}
