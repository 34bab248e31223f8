//! Table C: what it costs to reach a job that does nearly nothing.

use std::hint::black_box;
use std::time::Instant;

use async_trait::async_trait;
use job_orch::Run;

use crate::ours::{Next, next};
use crate::table::{Group, Plan, Verdict};
use crate::threads::one;

/// The same contract with a box a call.
#[async_trait]
trait Boxed: Send + Sync {
    async fn run(&self, number: &u64) -> u64;
}

struct Adder;

#[async_trait]
impl Boxed for Adder {
    async fn run(&self, number: &u64) -> u64 {
        number + 1
    }
}

/// Nanoseconds a run of this, which is given its own turn.
async fn timed(mut run: impl AsyncFnMut(u64) -> u64) -> f64 {
    const RUNS: u64 = 10_000_000;
    let start = Instant::now();
    for number in 0..RUNS {
        black_box(run(black_box(number)).await);
    }
    start.elapsed().as_nanos() as f64 / RUNS as f64
}

async fn run_of_the_job() -> f64 {
    timed(async |number| Next::run(&number, &mut ()).await.unwrap_or_default()).await
}

async fn the_function() -> f64 {
    timed(async |number| next(&number).await).await
}

async fn boxed() -> f64 {
    let adder: Box<dyn Boxed> = black_box(Box::new(Adder));
    timed(async |number| adder.run(&number).await).await
}

/// Measures and prints the table.
pub fn table(plan: &Plan, verdict: &mut Verdict) {
    verdict.begin("C. dispatch: nanoseconds a run");
    Group::new("ns")
        .contender("Run::run", || one(run_of_the_job()))
        .contender("async-trait", || one(boxed()))
        .contender("the function", || one(the_function()))
        .row("dispatch", "Run::run", "async-trait", None)
        .row("dispatch", "Run::run", "the function", None)
        .measure(plan, verdict);
}
