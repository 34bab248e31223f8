//! Table A: producers send without waiting for answers, and each receiver counts every response.

use std::future::Future;
use std::ops::Range;
use std::time::Instant;

use job_orch::settings::Serving;

use crate::ours::{self, InBatches, Next};
use crate::reference::{actors, apalis, stream as by_hand};
use crate::table::{Group, Plan, Target, Verdict};
use crate::threads::{one, two};

/// One producer.
pub trait Feed: Send + 'static {
    /// Sends each of these numbers.
    fn feed(&mut self, numbers: Range<u64>) -> impl Future<Output = ()> + Send;
}

/// One receiver of responses.
pub trait Listen: Send + 'static {
    /// The next response.
    fn listen(&mut self) -> impl Future<Output = u64> + Send;
}

/// Who takes part.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Tasks that send.
    pub producers: usize,
    /// Workers.
    pub workers: usize,
    /// Tasks that receive every response.
    pub receivers: usize,
    /// Jobs of all producers together.
    pub jobs: u64,
}

impl Shape {
    /// One of each.
    #[must_use]
    pub const fn one_of_each(jobs: u64) -> Self {
        Self { producers: 1, workers: 1, receivers: 1, jobs }
    }

    const fn four_by_four(jobs: u64) -> Self {
        Self { producers: 4, workers: 4, receivers: 1, jobs }
    }
}

/// Million responses a second that each receiver got, after a tenth more to get warm.
pub async fn run<F: Feed, L: Listen>(shape: Shape, mut feeds: Vec<F>, mut listens: Vec<L>) -> f64 {
    pass(shape.jobs / 10, &mut feeds, &mut listens).await;
    let start = Instant::now();
    pass(shape.jobs, &mut feeds, &mut listens).await;
    shape.jobs as f64 / start.elapsed().as_secs_f64() / 1e6
}

/// Sends so many jobs through.
pub async fn pass<F: Feed, L: Listen>(jobs: u64, feeds: &mut Vec<F>, listens: &mut Vec<L>) {
    let share = jobs / feeds.len() as u64;
    let jobs = share * feeds.len() as u64;
    let listening: Vec<_> = listens.drain(..).map(|listen| tokio::spawn(take(jobs, listen))).collect();
    let shares = (0..jobs).step_by(share as usize).map(|from| from..from + share);
    let feeding: Vec<_> = feeds.drain(..).zip(shares).map(|(feed, share)| tokio::spawn(give(share, feed))).collect();
    for task in feeding {
        feeds.push(task.await.expect("a producer ends"));
    }
    for task in listening {
        listens.push(task.await.expect("a receiver ends"));
    }
}

async fn give<F: Feed>(numbers: Range<u64>, mut feed: F) -> F {
    feed.feed(numbers).await;
    feed
}

/// Receives so many responses. Their sum is checked: nothing is lost or doubled.
async fn take<L: Listen>(jobs: u64, mut listen: L) -> L {
    let mut sum = 0;
    for _ in 0..jobs {
        sum += listen.listen().await;
    }
    assert_eq!(sum, jobs * (jobs + 1) / 2, "a response was lost, doubled or wrong");
    listen
}

async fn send(shape: Shape) -> f64 {
    let (orch, client) = ours::host(Next, Serving::DEFAULT.workers(shape.workers)).await;
    let responses = (0..shape.receivers).map(|_| client.responses()).collect();
    let rate = run(shape, vec![client; shape.producers], responses).await;
    orch.shutdown().await.expect("it drains");
    rate
}

async fn send_many(shape: Shape) -> f64 {
    let (orch, client) = ours::host(Next, Serving::DEFAULT.workers(shape.workers)).await;
    let responses = (0..shape.receivers).map(|_| client.responses()).collect();
    let feeds = (0..shape.producers).map(|_| InBatches(client.clone())).collect();
    let rate = run(shape, feeds, responses).await;
    orch.shutdown().await.expect("it drains");
    rate
}

/// Measures and prints the table.
pub fn table(plan: &Plan, verdict: &mut Verdict) {
    verdict.begin("A. stream: u64 -> u64 + 1; million responses a second at each receiver");
    one_of_each(plan, verdict);
    four_by_four(plan, verdict);
    receivers(plan, verdict);
    one_thread(plan, verdict);
}

fn one_of_each(plan: &Plan, verdict: &mut Verdict) {
    let fast = Shape::one_of_each(1_000_000);
    let slow = Shape::one_of_each(200_000);
    Group::new("M/s")
        .contender("ours send", move || two(send(fast)))
        .contender("tokio", move || two(by_hand::tokio(fast)))
        .contender("ours send_many", move || two(send_many(fast)))
        .contender("apalis", move || two(apalis::stream(slow)))
        .contender("tokio recv_many", move || two(by_hand::recv_many(fast)))
        .contender("tokio recv_many, Arc<[T]>", move || two(by_hand::recv_many_arcs(fast)))
        .contender("Vec swapped, Arc<[T]>", move || two(by_hand::swapped(fast)))
        .contender("crossfire", move || two(by_hand::crossfire(fast)))
        .contender("a task a job", move || two(by_hand::spawned(slow)))
        .contender("kameo tell", move || two(actors::kameo_stream(slow)))
        .contender("ractor cast", move || two(actors::ractor_stream(slow)))
        .row("stream 1/1", "ours send", "tokio", Some(Target::AtLeast(1.5, 2.5)))
        .row("stream 1/1 send_many", "ours send_many", "tokio", Some(Target::AtLeast(2.5, 4.0)))
        .row("stream 1/1 peer", "ours send", "apalis", Some(Target::AtLeast(10.0, 20.0)))
        .row("stream 1/1 peer", "ours send", "kameo tell", None)
        .row("stream 1/1 peer", "ours send", "ractor cast", None)
        .row("stream 1/1 other", "ours send", "tokio recv_many", None)
        .row("stream 1/1 other", "ours send", "tokio recv_many, Arc<[T]>", None)
        .row("stream 1/1 other", "ours send", "Vec swapped, Arc<[T]>", None)
        .row("stream 1/1 other", "ours send", "crossfire", None)
        .row("stream 1/1 other", "ours send", "a task a job", None)
        .measure(plan, verdict);
}

fn four_by_four(plan: &Plan, verdict: &mut Verdict) {
    let fast = Shape::four_by_four(1_000_000);
    let slow = Shape::four_by_four(400_000);
    Group::new("M/s")
        .contender("ours send", move || two(send(fast)))
        .contender("tokio", move || two(by_hand::tokio(slow)))
        .contender("ours send_many", move || two(send_many(fast)))
        .contender("apalis", move || two(apalis::stream(slow)))
        .contender("tokio recv_many", move || two(by_hand::recv_many(fast)))
        .contender("Vec swapped, Arc<[T]>", move || two(by_hand::swapped(fast)))
        .contender("crossfire", move || two(by_hand::crossfire(fast)))
        .row("stream 4/4", "ours send", "tokio", Some(Target::AtLeast(4.0, 9.0)))
        .row("stream 4/4 send_many", "ours send_many", "tokio", Some(Target::AtLeast(6.0, 12.0)))
        .row("stream 4/4 peer", "ours send", "apalis", None)
        .row("stream 4/4 other", "ours send", "tokio recv_many", None)
        .row("stream 4/4 other", "ours send", "Vec swapped, Arc<[T]>", None)
        .row("stream 4/4 other", "ours send", "crossfire", None)
        .measure(plan, verdict);
}

fn receivers(plan: &Plan, verdict: &mut Verdict) {
    for (name, receivers, jobs, target) in [
        ("stream 1/1 to 2 receivers", 2, 600_000, Target::AtLeast(2.5, 4.0)),
        ("stream 1/1 to 8 receivers", 8, 200_000, Target::AtLeast(4.0, 6.0)),
    ] {
        let shape = Shape { receivers, ..Shape::one_of_each(jobs) };
        Group::new("M/s")
            .contender("ours send", move || two(send(shape)))
            .contender("tokio", move || two(by_hand::tokio(shape)))
            .row(name, "ours send", "tokio", Some(target))
            .measure(plan, verdict);
    }
}

fn one_thread(plan: &Plan, verdict: &mut Verdict) {
    let shape = Shape::one_of_each(1_000_000);
    Group::new("M/s")
        .contender("ours send", move || one(send(shape)))
        .contender("tokio", move || one(by_hand::tokio(shape)))
        .contender("ours send_many", move || one(send_many(shape)))
        .contender("tokio recv_many, Arc<[T]>", move || one(by_hand::recv_many_arcs(shape)))
        .row("stream 1/1, one thread", "ours send", "tokio", None)
        .row("stream 1/1, one thread send_many", "ours send_many", "tokio", None)
        .row("stream 1/1, one thread", "ours send", "tokio recv_many, Arc<[T]>", None)
        .measure(plan, verdict);
}
