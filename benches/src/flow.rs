//! Table of flows: jobs that are wired, beside the same functions joined by hand.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use futures_util::{Stream, StreamExt as _, stream};
use job_orch::flow::{Flow, Wire};
use job_orch::prelude::*;

use crate::ours::{Next, next};
use crate::reference::{apalis_workflow, flow as by_hand};
use crate::table::{Group, Plan, Target, Verdict};
use crate::threads::{one, two};
use crate::{compile, footprint};

/// The second step of the chain, and the other branch of the fork.
#[job]
pub async fn twice(number: &u64) -> u64 {
    number * 2
}

/// The third step of the chain.
#[job]
pub async fn third(number: &u64) -> u64 {
    number + 3
}

/// What the chain makes of a number.
#[must_use]
pub const fn chained(number: u64) -> u64 {
    (number + 1) * 2 + 3
}

/// Who asks for both branches of a fork.
pub trait Forks: Clone + Send + 'static {
    /// The number after this one, and twice this one.
    fn fork(&self, number: u64) -> impl Future<Output = (u64, u64)> + Send;
}

const BOTH: fn(u64) -> (u64, u64) = |number| (number + 1, number * 2);

/// Runs in flight where a fork is pipelined, and spawned tasks of the fan-out by hand.
pub const AT_ONCE: usize = 64;

/// Million outputs a second. Each output is checked, in the order of the inputs.
pub async fn rate<T: PartialEq>(count: u64, outputs: impl Stream<Item = T>, expected: impl Fn(u64) -> T) -> f64 {
    let mut outputs = std::pin::pin!(outputs);
    let start = Instant::now();
    for number in 0..count {
        let output = outputs.next().await.expect("an output for each input");
        assert!(output == expected(number), "an output was lost, doubled or wrong");
    }
    assert!(outputs.next().await.is_none(), "an output was doubled");
    per_second(count, start)
}

fn per_second(count: u64, start: Instant) -> f64 {
    count as f64 / start.elapsed().as_secs_f64() / 1e6
}

/// The jobs of all flows here.
pub async fn host() -> Orchestrator<Memory> {
    Orchestrator::on(Memory::new()).host(Next).host(Twice).host(Third).start().await.expect("it starts")
}

fn chain() -> Flow<u64, u64> {
    Flow::define("chain", |n: Wire<u64>| n.to(Next).to(Twice).to(Third)).expect("a flow")
}

fn fork() -> Flow<u64, (u64, u64)> {
    Flow::define("fork", |n: Wire<u64>| n.fork(|n| n.to(Next), |n| n.to(Twice))).expect("a flow")
}

/// A part for each number, and what came out.
#[must_use]
pub fn each<I: Iterator<Item = u64> + Send + 'static>() -> Flow<I, Vec<u64>> {
    Flow::define("each", |numbers: Wire<I>| numbers.each(|n| n.to(Next))).expect("a flow")
}

async fn run_all(count: u64) -> f64 {
    let (orch, flow) = (host().await, chain());
    let inputs = |count| orch.run_all(&flow, stream::iter(0..count)).map(|output| output.expect("it cannot fail"));
    rate(count / 10, inputs(count / 10), chained).await;
    let rate = rate(count, inputs(count), chained).await;
    orch.shutdown().await.expect("it drains");
    rate
}

/// As many chains as parts of one `each`.
async fn chain_each(count: u64) -> f64 {
    let parts = |numbers: Wire<Range<u64>>| numbers.each(|n| n.to(Next).to(Twice).to(Third));
    collected(count, Flow::define("chains", parts).expect("a flow"), chained).await
}

async fn collected(count: u64, flow: Flow<Range<u64>, Vec<u64>>, expected: fn(u64) -> u64) -> f64 {
    let orch = host().await;
    orch.run(&flow, 0..count / 10).await.expect("it cannot fail");
    let start = Instant::now();
    let output = orch.run(&flow, 0..count).await.expect("it cannot fail");
    let rate = per_second(count, start);
    check_collected(count, &output, expected);
    orch.shutdown().await.expect("it drains");
    rate
}

fn check_collected(count: u64, output: &[u64], expected: fn(u64) -> u64) {
    assert!((0..count).map(expected).eq(output.iter().copied()), "an output was lost, doubled or wrong");
}

/// The fan-out by hand, collected.
async fn spawned(count: u64) -> f64 {
    let start = Instant::now();
    let output: Vec<u64> = by_hand::spawned(0..count).collect().await;
    let rate = per_second(count, start);
    check_collected(count, &output, |number| number + 1);
    rate
}

/// The same function without tasks: what `buffered` alone takes.
async fn unspawned(count: u64) -> f64 {
    let start = Instant::now();
    let output: Vec<u64> =
        stream::iter(0..count).map(|number| async move { next(&number).await }).buffered(AT_ONCE).collect().await;
    let rate = per_second(count, start);
    check_collected(count, &output, |number| number + 1);
    rate
}

#[derive(Clone)]
struct OurFork {
    orch: Arc<Orchestrator<Memory>>,
    flow: Arc<Flow<u64, (u64, u64)>>,
}

impl OurFork {
    async fn new() -> Self {
        Self { orch: Arc::new(host().await), flow: Arc::new(fork()) }
    }
}

impl Forks for OurFork {
    async fn fork(&self, number: u64) -> (u64, u64) {
        self.orch.run(&self.flow, number).await.expect("it cannot fail")
    }
}

/// One fork after the other.
async fn in_turn<F: Forks>(count: u64, forks: F) -> f64 {
    ask(0..count / 10, forks.clone()).await;
    let start = Instant::now();
    ask(0..count, forks).await;
    per_second(count, start)
}

/// So many tasks, one fork after the other each.
async fn by_tasks<F: Forks>(count: u64, forks: F) -> f64 {
    let share = count / AT_ONCE as u64;
    ask(0..share, forks.clone()).await;
    let start = Instant::now();
    let tasks: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(ask(0..share, forks.clone()))).collect();
    for task in tasks {
        task.await.expect("a task ends");
    }
    per_second(share * AT_ONCE as u64, start)
}

async fn ask<F: Forks>(numbers: Range<u64>, forks: F) {
    for number in numbers {
        assert_eq!(forks.fork(number).await, BOTH(number));
    }
}

/// Over a stream, so many in flight.
async fn run_all_forks(count: u64) -> f64 {
    let (orch, flow) = (host().await, fork());
    let inputs = |count| {
        let runs = orch.run_all(&flow, stream::iter(0..count)).at_once(AT_ONCE);
        runs.map(|output| output.expect("it cannot fail"))
    };
    rate(count / 10, inputs(count / 10), BOTH).await;
    let rate = rate(count, inputs(count), BOTH).await;
    orch.shutdown().await.expect("it drains");
    rate
}

async fn buffered_forks(count: u64) -> f64 {
    let forks = &by_hand::fork();
    let outputs = |count| stream::iter(0..count).map(|number| forks.fork(number)).buffered(AT_ONCE);
    rate(count / 10, outputs(count / 10), BOTH).await;
    rate(count, outputs(count), BOTH).await
}

/// Measures and prints the table.
pub fn table(plan: &Plan, verdict: &mut Verdict) {
    verdict.begin("F. flows: u64 -> u64; million outputs a second");
    chains(plan, verdict);
    forks(plan, verdict);
    fan_outs(plan, verdict);
    verdict.begin("F. flows: peak memory over the collected output");
    footprint::each(plan, verdict);
    verdict.begin("F. flows: seconds more than the same jobs unwired");
    compile::flow(plan, verdict);
}

fn chains(plan: &Plan, verdict: &mut Verdict) {
    let (fast, slow) = (1_000_000, 20_000);
    Group::new("M/s")
        .contender("ours run_all", move || two(run_all(fast)))
        .contender("tokio mpsc", move || two(by_hand::chain(fast)))
        .contender("ours each", move || two(chain_each(fast)))
        .contender("apalis-workflow", move || two(apalis_workflow::chain(slow)))
        .row("chain of 3", "ours run_all", "tokio mpsc", Some(Target::AtLeast(1.0, 2.0)))
        .row("chain of 3, each", "ours each", "tokio mpsc", None)
        .row("chain of 3, peer", "ours run_all", "apalis-workflow", Some(Target::AtLeast(10.0, 50.0)))
        .measure(plan, verdict);
    Group::new("M/s")
        .contender("ours run_all", move || one(run_all(fast)))
        .contender("tokio mpsc", move || one(by_hand::chain(fast)))
        .row("chain of 3, one thread", "ours run_all", "tokio mpsc", None)
        .measure(plan, verdict);
}

fn forks(plan: &Plan, verdict: &mut Verdict) {
    let (turns, count) = (150_000, 640_000);
    let some = Some(Target::AtLeast(0.9, 1.5));
    Group::new("M/s")
        .contender("ours run", move || two(async move { in_turn(turns, OurFork::new().await).await }))
        .contender("tokio join!", move || two(async move { in_turn(turns, by_hand::fork()).await }))
        .row("fork of 2, in turn", "ours run", "tokio join!", some)
        .measure(plan, verdict);
    Group::new("M/s")
        .contender("ours run_all", move || two(run_all_forks(count)))
        .contender("tokio join! buffered", move || two(buffered_forks(count)))
        .row("fork of 2, 64 at once", "ours run_all", "tokio join! buffered", some)
        .measure(plan, verdict);
    Group::new("M/s")
        .contender("ours run", move || two(async move { by_tasks(count, OurFork::new().await).await }))
        .contender("tokio join!", move || two(async move { by_tasks(count, by_hand::fork()).await }))
        .row("fork of 2, 64 tasks", "ours run", "tokio join!", None)
        .measure(plan, verdict);
    Group::new("M/s")
        .contender("ours run", move || one(async move { in_turn(turns, OurFork::new().await).await }))
        .contender("tokio join!", move || one(async move { in_turn(turns, by_hand::fork()).await }))
        .row("fork of 2, in turn, one thread", "ours run", "tokio join!", None)
        .measure(plan, verdict);
}

fn fan_outs(plan: &Plan, verdict: &mut Verdict) {
    let count = 1_000_000;
    Group::new("M/s")
        .contender("ours each", move || two(collected(count, each(), |number| number + 1)))
        .contender("spawned, buffered(64)", move || two(spawned(count)))
        .contender("buffered(64) alone", move || two(unspawned(count)))
        .row("each of 1,000,000", "ours each", "spawned, buffered(64)", Some(Target::AtLeast(1.0, 3.0)))
        .row("each of 1,000,000, other", "ours each", "buffered(64) alone", None)
        .measure(plan, verdict);
    Group::new("M/s")
        .contender("ours each", move || one(collected(count, each(), |number| number + 1)))
        .contender("spawned, buffered(64)", move || one(spawned(count)))
        .row("each of 1,000,000, one thread", "ours each", "spawned, buffered(64)", None)
        .measure(plan, verdict);
}
