//! The jobs of which the flows are made.

use std::time::Duration;

use job_orch::flow::{FlowError, Wire};
use job_orch::prelude::*;
use job_orch::settings::Serving;
use job_orch::{CallError, flow};
use job_orch_tests::Tally;

use crate::{eval, wire};

/// How the flows fail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("{0} was a risk")]
    Risk(u64),
    #[error("{0} is tried again")]
    Flaky(u64),
    #[error("{0}")]
    Panic(String),
    /// No evaluation comes to it.
    #[error("{0}")]
    Other(String),
}

impl From<FlowError<Self>> for Wrong {
    fn from(error: FlowError<Self>) -> Self {
        let text = error.to_string();
        error.into_failed().unwrap_or(Self::Other(text))
    }
}

impl From<CallError<Self>> for Wrong {
    fn from(error: CallError<Self>) -> Self {
        match error {
            CallError::Failed { error, .. } => error,
            CallError::Panicked { message, .. } => Self::Panic(message),
            other => Self::Other(other.to_string()),
        }
    }
}

/// A number, and what is to be done with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct With<O>(pub(crate) u64, pub(crate) O);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Plus(pub(crate) u64);

#[job]
pub(crate) async fn add(number: &With<Plus>, inside: &Tally) -> u64 {
    let _inside = inside.one(0);
    number.0.wrapping_add(number.1.0)
}

/// Sleeps for up to so many milliseconds, by the number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Millis(pub(crate) u64);

#[job]
pub(crate) async fn nap(number: &With<Millis>, inside: &Tally) -> u64 {
    let _inside = inside.one(0);
    tokio::time::sleep(Duration::from_millis(number.0 % (number.1.0 + 1))).await;
    number.0
}

/// Multiples of `of` go wrong, after a while.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Risk {
    pub(crate) of: u64,
    pub(crate) panics: bool,
    pub(crate) millis: u64,
}

impl Risk {
    /// What it comes to.
    pub(crate) fn take(self, number: u64) -> Result<u64, Wrong> {
        match number.is_multiple_of(self.of) {
            false => Ok(number ^ self.of),
            true if self.panics => Err(Wrong::Panic(number.to_string())),
            true => Err(Wrong::Risk(number)),
        }
    }
}

/// Panics with the number, without a message among the output of the tests.
pub(crate) fn panic_quietly(number: u64) -> ! {
    std::panic::resume_unwind(Box::new(number.to_string()))
}

#[job]
pub(crate) async fn risk_it(number: &With<Risk>, inside: &Tally) -> Result<u64, Wrong> {
    let _inside = inside.one(0);
    if number.1.millis > 0 {
        tokio::time::sleep(Duration::from_millis(number.0 % (number.1.millis + 1))).await;
    }
    match number.1.take(number.0) {
        Err(Wrong::Panic(_)) => panic_quietly(number.0),
        taken => taken,
    }
}

/// Fails as long as there are failures left.
#[job]
pub(crate) async fn try_again(number: &With<wire::Failures>, inside: &Tally) -> Result<u64, Wrong> {
    let _inside = inside.one(0);
    if number.1.take_one() { Err(Wrong::Flaky(number.0)) } else { Ok(number.0) }
}

#[job]
#[processor(batch(max = 4, linger = "2ms"))]
pub(crate) async fn square(numbers: &[u64], inside: &Tally) -> Vec<u64> {
    let _inside = inside.one(0);
    numbers.iter().map(|number| number.wrapping_mul(*number)).collect()
}

/// So many numbers of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u64);

#[job]
pub(crate) async fn spread(number: &With<Count>, inside: &Tally) -> Vec<u64> {
    let _inside = inside.one(0);
    eval::parts(number.0, number.1.0).collect()
}

/// A flow as a job.
#[flow(at_once = 2)]
pub(crate) fn inner(number: Wire<u64, Wrong>) -> Wire<u64, Wrong> {
    number
        .fork(|n| n.map(|n| With(n, INNER_RISK)).to(RiskIt), |n| n.map(|n| With(n, Millis(1))).to(Nap))
        .map(|(a, b)| eval::fold([a, b]))
}

pub(crate) const INNER_RISK: Risk = Risk { of: 13, panics: false, millis: 1 };

/// All jobs, with so many workers and so much room each.
pub(crate) async fn start(workers: usize, room: usize, inside: &Tally) -> Orchestrator<Memory> {
    let serving = Serving::DEFAULT.workers(workers).requests(room).responses(room);
    let batching = serving.batch(4, Duration::from_millis(2));
    let orch = Orchestrator::on(Memory::new()).share(inside.clone());
    let orch = orch.host_with(Add, serving).host_with(Nap, serving).host_with(RiskIt, serving);
    let orch = orch.host_with(TryAgain, serving).host_with(Square, batching).host_with(Spread, serving);
    orch.host_with(Inner, serving).start().await.unwrap()
}
