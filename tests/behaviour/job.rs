//! What a function becomes when it is a job.

use std::convert::Infallible;

use job_orch::prelude::*;
use job_orch_tests::Bare;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

type Answer<T> = Result<T, Bare>;

#[job]
async fn parse(text: &String) -> Answer<u64> {
    text.parse().map_err(|_| Bare(format!("no number: {text}")))
}

#[job]
async fn shout(text: String) -> String {
    text + "!"
}

#[job]
async fn tick() -> &'static str {
    "tock"
}

#[job(name = "greetings/v2")]
async fn greet(name: &String, #[context] context: &Context) -> String {
    format!("{name}, attempt {}, {:?}", context.attempt(), context.deadline())
}

#[job]
async fn identify(_: &(), #[context] context: &Context) -> JobId {
    context.id()
}

struct ByHand;

impl Run for ByHand {
    const NAME: &'static str = "by_hand";
    type Request = u64;
    type Response = u64;
    type Resources = ();
    type Error = Infallible;

    async fn run(request: &u64, _: &mut ()) -> Result<u64, Infallible> {
        Ok(request + 1)
    }
}

impl job_orch::Job for ByHand {
    type Wants = ();
    type Failure = job_orch::flow::Safe;
    type Answers = job_orch::engine::AtHand;
    type Keys = job_orch::engine::Keyless;
}

#[tokio::test]
async fn a_function_stays_a_function() {
    assert_eq!(double(&21).await, 42);
    assert!(parse(&"x".to_owned()).await.err() == Some(Bare::of("no number: x")));
    assert!(greet(&"Ada".to_owned(), &Context::detached()).await.starts_with("Ada, attempt 1"));
}

#[tokio::test]
async fn a_job_that_returns_no_result_cannot_fail() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let answer: Result<u64, CallError<Infallible>> = orch.call(Double, 21).await;
    assert_eq!(answer.unwrap(), 42);
}

#[tokio::test]
async fn an_alias_of_result_is_a_result() {
    let orch = Orchestrator::on(Memory::new()).host(Parse).start().await.unwrap();
    assert_eq!(orch.call(Parse, "7".to_owned()).await.unwrap(), 7);
    let error: Option<Bare> = orch.call(Parse, "x".to_owned()).await.unwrap_err().into_failed();
    assert!(error == Some(Bare::of("no number: x")));
}

#[tokio::test]
async fn a_request_may_be_taken_by_value() {
    let orch = Orchestrator::on(Memory::new()).host(Shout).start().await.unwrap();
    assert_eq!(orch.call(Shout, "hey".to_owned()).await.unwrap(), "hey!");
}

#[tokio::test]
async fn a_job_without_a_request_takes_the_unit() {
    let orch = Orchestrator::on(Memory::new()).host(Tick).start().await.unwrap();
    assert_eq!(orch.call(Tick, ()).await.unwrap(), "tock");
}

#[tokio::test]
async fn a_job_has_the_name_that_it_was_given() {
    assert_eq!(Greet::NAME, "greetings/v2");
    let orch = Orchestrator::on(Memory::new()).host(Greet).start().await.unwrap();
    assert_eq!(orch.call(Greet, "Ada".to_owned()).await.unwrap(), "Ada, attempt 1, None");
}

#[tokio::test]
async fn a_job_knows_its_id() {
    let orch = Orchestrator::on(Memory::new()).host(Identify).start().await.unwrap();
    let mut responses = orch.responses(Identify);
    let receipt = orch.send(Identify, ()).await.unwrap();
    let response = responses.receive().await.unwrap();
    assert_eq!(response.id, receipt.id);
    assert_eq!(response.outcome, Ok(receipt.id));
}

#[tokio::test]
async fn a_job_may_be_written_by_hand() {
    let orch = Orchestrator::on(Memory::new()).host(ByHand).start().await.unwrap();
    assert_eq!(orch.call(ByHand, 41).await.unwrap(), 42);
}
