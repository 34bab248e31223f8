//! A response that is used again.

use std::collections::HashMap;
use std::time::Duration;

use job_orch::GetCache;
use job_orch::prelude::*;
use job_orch_tests::{Bare, Gate, Log, soon};
use tokio::time::advance;

type Runs = Log<u64>;

#[job(cache)]
async fn square(number: &u64, runs: &Runs) -> u64 {
    runs.push(*number);
    number * number
}

#[job(cache(ttl = "10s"))]
async fn short(number: &u64, runs: &Runs) -> usize {
    runs.push(*number);
    runs.len()
}

#[job(cache(ttl = "10s", stale = "5s"))]
async fn stale(number: &u64, runs: &Runs, gate: &Gate) -> usize {
    runs.push(*number);
    gate.pass().await;
    runs.len()
}

#[job(cache(capacity = 2))]
async fn small(number: &u64, runs: &Runs) -> u64 {
    runs.push(*number);
    *number
}

#[derive(Clone, Debug, PartialEq)]
struct Refused(u64);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is refused", self.0)
    }
}

#[job(cache)]
async fn fails(number: &u64, runs: &Runs) -> Result<u64, Bare> {
    runs.push(*number);
    Err(Bare::of("no"))
}

#[job(cache(errors = "10s"))]
async fn fails_for_a_while(number: &u64, runs: &Runs) -> Result<u64, Refused> {
    runs.push(*number);
    Err(Refused(*number))
}

/// What matters of a request is its first word.
#[expect(clippy::ptr_arg, reason = "a key function takes the request as it is")]
fn first_word(text: &String) -> String {
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[job(cache(key = first_word))]
async fn first(text: &String, runs: &Runs) -> String {
    runs.push(text.len() as u64);
    text.clone()
}

#[derive(Clone, Default)]
struct Table(HashMap<u64, u64>);

async fn find(number: &u64, table: &mut Table) -> Option<u64> {
    table.0.get(number).copied()
}

async fn store(number: &u64, response: &u64, table: &mut Table) {
    table.0.insert(*number, *response);
}

#[job(cache(with = find, put = store))]
async fn tabled(number: &u64, table: &mut Table) -> u64 {
    // Each run would give another answer.
    number * 100 + table.0.len() as u64
}

macro_rules! hosting {
    ($($job:ident),+) => {{
        let (runs, gate) = (Runs::new(), Gate::shut());
        let orch = Orchestrator::on(Memory::new()).share(runs.clone()).share(gate.clone());
        (orch$(.host($job))+.start().await.unwrap(), runs, gate)
    }};
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_kept_needs_no_run() {
    let (orch, runs, _) = hosting!(Square);
    for _ in 0..3 {
        assert_eq!(orch.call(Square, 4).await.unwrap(), 16);
    }
    assert_eq!(orch.call(Square, 5).await.unwrap(), 25);
    assert_eq!(runs.entries(), [4, 5]);
    assert_eq!(orch.health().await.jobs[0].accepted, 2, "a hit goes through no channel");
    let counts = orch.counts(Square).unwrap().cache.unwrap();
    assert_eq!((counts.hits, counts.misses, counts.joins, counts.entries), (2, 2, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_for_its_time() {
    let (orch, runs, _) = hosting!(Short, Square);
    assert_eq!(orch.call(Short, 1).await.unwrap(), 1);
    advance(Duration::from_secs(9)).await;
    assert_eq!(orch.call(Short, 1).await.unwrap(), 1);
    advance(Duration::from_secs(2)).await;
    assert_eq!(orch.call(Short, 1).await.unwrap(), 2);
    assert_eq!(runs.len(), 2);
    orch.call(Square, 4).await.unwrap();
    advance(Duration::from_secs(10_000_000)).await;
    orch.call(Square, 4).await.unwrap();
    assert_eq!(runs.len(), 3, "without a time it is kept for ever");
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_served_while_one_run_makes_a_fresh_one() {
    let (orch, runs, gate) = hosting!(Stale);
    gate.let_through(1);
    assert_eq!(orch.call(Stale, 1).await.unwrap(), 1);
    advance(Duration::from_secs(12)).await;
    for _ in 0..10 {
        assert_eq!(orch.call(Stale, 1).await.unwrap(), 1, "nobody waits");
    }
    gate.reached_by(2).await;
    assert_eq!(orch.call(Stale, 1).await.unwrap(), 1);
    gate.let_through(1);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(orch.call(Stale, 1).await.unwrap(), 2);
    assert_eq!(runs.len(), 2, "exactly one refresh");
    assert_eq!(orch.health().await.jobs[0].accepted, 2, "nobody else asked for one");
}

#[tokio::test(start_paused = true)]
async fn an_answer_too_stale_is_not_served() {
    let (orch, runs, gate) = hosting!(Stale);
    gate.open();
    assert_eq!(orch.call(Stale, 1).await.unwrap(), 1);
    advance(Duration::from_secs(16)).await;
    assert_eq!(soon(orch.call(Stale, 1)).await.unwrap(), 2);
    assert_eq!(runs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_waits_its_turn() {
    let (orch, runs, gate) = hosting!(Stale);
    gate.let_through(1);
    orch.call(Stale, 1).await.unwrap();
    let mut responses = orch.responses(Stale);
    // The only worker is busy, so the refresh waits.
    orch.send(Stale, 2).await.unwrap();
    gate.reached_by(2).await;
    advance(Duration::from_secs(12)).await;
    assert_eq!(orch.call(Stale, 1).await.unwrap(), 1);
    gate.let_through(2);
    assert!(soon(responses.receive()).await.unwrap().outcome.is_ok());
    assert!(soon(responses.receive()).await.unwrap().outcome.is_ok(), "the refresh is a response like others");
    assert_eq!(runs.entries(), [1, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn no_more_answers_are_kept_than_there_is_room_for() {
    let (orch, runs, _) = hosting!(Small);
    for number in 0..100 {
        orch.call(Small, number).await.unwrap();
    }
    assert!(orch.counts(Small).unwrap().cache.unwrap().entries <= 2);
    let before = runs.len();
    for number in 0..100 {
        orch.call(Small, number).await.unwrap();
    }
    assert!(runs.len() >= before + 98);
}

#[tokio::test(start_paused = true)]
async fn errors_are_not_kept() {
    let (orch, runs, _) = hosting!(Fails);
    for _ in 0..3 {
        orch.call(Fails, 1).await.unwrap_err();
    }
    assert_eq!(runs.len(), 3);
    assert_eq!(orch.counts(Fails).unwrap().cache.unwrap().entries, 0);
}

#[tokio::test(start_paused = true)]
async fn errors_are_kept_where_that_is_asked_for() {
    let (orch, runs, _) = hosting!(FailsForAWhile);
    for _ in 0..3 {
        assert_eq!(orch.call(FailsForAWhile, 1).await.unwrap_err().into_failed(), Some(Refused(1)));
    }
    assert_eq!(runs.len(), 1);
    advance(Duration::from_secs(11)).await;
    orch.call(FailsForAWhile, 1).await.unwrap_err();
    assert_eq!(runs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_send_of_a_kept_answer_is_answered_without_a_run() {
    let (orch, runs, _) = hosting!(Square);
    orch.call(Square, 4).await.unwrap();
    let mut responses = orch.responses(Square);
    let receipt = orch.send(Square, 4).await.unwrap();
    let response = soon(responses.receive()).await.unwrap();
    assert_eq!((response.id, &response.outcome), (receipt.id, &Ok(16)));
    assert_eq!(runs.len(), 1);
    orch.shutdown().await.unwrap();
    let counts = orch.counts(Square).unwrap();
    assert_eq!((counts.succeeded, counts.attempts), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_function_says_which_requests_are_equal() {
    let (orch, runs, _) = hosting!(First);
    assert_eq!(orch.call(First, "one two".to_owned()).await.unwrap(), "one two");
    assert_eq!(orch.call(First, "one three".to_owned()).await.unwrap(), "one two");
    assert_eq!(orch.call(First, "two".to_owned()).await.unwrap(), "two");
    assert_eq!(runs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_cleared_forgets() {
    let (orch, runs, _) = hosting!(Square);
    orch.call(Square, 4).await.unwrap();
    orch.client(Square).unwrap().clear_cache();
    assert_eq!(orch.counts(Square).unwrap().cache.unwrap().entries, 0);
    orch.call(Square, 4).await.unwrap();
    assert_eq!(runs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_of_ones_own_goes_before_the_run() {
    let table = Table(HashMap::from([(1, 11)]));
    let orch = Orchestrator::on(Memory::new()).provide(table).host(Tabled).start().await.unwrap();
    assert_eq!(orch.call(Tabled, 1).await.unwrap(), 11, "it was there");
    assert_eq!(orch.call(Tabled, 2).await.unwrap(), 201);
    assert_eq!(orch.call(Tabled, 2).await.unwrap(), 201, "it was put there");
    let mut table = Table::default();
    Tabled::put_cache(&3, &33, &mut table).await;
    assert_eq!(Tabled::get_cache(&3, &mut table).await, Some(33));
}
