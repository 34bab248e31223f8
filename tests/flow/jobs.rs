//! The jobs of the tests.

use std::num::ParseIntError;
use std::time::Duration;

use job_orch::prelude::*;
use job_orch::settings::Serving;

#[job]
pub(crate) async fn double(number: &u64) -> u64 {
    number * 2
}

#[job]
pub(crate) async fn increment(number: &u64) -> u64 {
    number + 1
}

#[job]
pub(crate) async fn parse(text: &String) -> Result<u64, ParseIntError> {
    text.parse()
}

#[job]
pub(crate) async fn add(pair: &(u64, u64)) -> u64 {
    pair.0 + pair.1
}

#[job]
pub(crate) async fn sum(numbers: &Vec<u64>) -> u64 {
    numbers.iter().sum()
}

/// Sleeps so many milliseconds.
#[job]
pub(crate) async fn sleep(millis: &u64) -> u64 {
    tokio::time::sleep(Duration::from_millis(*millis)).await;
    *millis
}

/// Fails for odd numbers.
#[job]
pub(crate) async fn halve(number: &u64) -> Result<u64, Odd> {
    if number.is_multiple_of(2) { Ok(number / 2) } else { Err(Odd(*number)) }
}

#[job]
pub(crate) async fn explode(number: &u64) -> u64 {
    assert!(*number != 13, "thirteen");
    *number
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is odd")]
pub(crate) struct Odd(pub(crate) u64);

/// How the flows of these tests fail.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    #[error(transparent)]
    Parse(#[from] ParseIntError),
    #[error(transparent)]
    Odd(#[from] Odd),
}

/// All jobs, with so many workers and so much room each.
pub(crate) async fn start(workers: usize, room: usize) -> Orchestrator<Memory> {
    let serving = Serving::DEFAULT.workers(workers).requests(room).responses(room);
    let orch = Orchestrator::on(Memory::new())
        .host_with(Double, serving)
        .host_with(Increment, serving)
        .host_with(Parse, serving)
        .host_with(Add, serving)
        .host_with(Sum, serving)
        .host_with(Sleep, serving)
        .host_with(Halve, serving)
        .host_with(Explode, serving);
    orch.start().await.unwrap()
}
